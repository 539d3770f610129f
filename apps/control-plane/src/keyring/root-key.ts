import { type KeyObject, createSecretKey, randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { StartupProblem } from '../startup-problem.ts'

const keyBytes = 32
/** 32 bytes are 43 characters of base64 and one of padding. */
const keyPattern = /^[A-Za-z0-9+/]{43}=$/

/** Reads the text of POSTERN_ROOT_KEY. Undefined unless it is base64 of exactly 32 bytes. */
export function parseRootKey(text: string): KeyObject | undefined {
  if (!keyPattern.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  // The last character holds two bits too many; a key has one spelling.
  if (bytes.length !== keyBytes || bytes.toString('base64') !== text) return undefined
  return createSecretKey(bytes)
}

/**
 * The root key of the embedded mode: `<data folder>/root-key`, made at first start, readable by its owner alone.
 * @returns the key, and whether it was made now
 */
export async function loadRootKeyFile(dataFolder: string): Promise<{ rootKey: KeyObject; isFresh: boolean }> {
  const path = join(dataFolder, 'root-key')
  const existing = await readRootKeyFile(path)
  if (existing !== undefined) return { rootKey: existing, isFresh: false }
  await writeRootKeyFile(path)
  const made = await readRootKeyFile(path)
  if (made === undefined) throw new Error('a file that was just written can be read')
  return { rootKey: made, isFresh: true }
}

async function readRootKeyFile(path: string): Promise<KeyObject | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) {
    throw new StartupProblem(`Others may read the root key in ${path}. Run: chmod 600 ${path}`)
  }
  const rootKey = parseRootKey(text.trim())
  if (rootKey === undefined) {
    throw new StartupProblem(
      `${path} does not hold a root key (base64 of 32 bytes). Restore it from your backup: without it nothing that was ` +
        'encrypted can be read.',
    )
  }
  return rootKey
}

/** Written aside and linked, so that the key is either whole on disk or not there, and an existing one is never lost. */
async function writeRootKeyFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const partial = `${path}.new-${randomBytes(6).toString('hex')}`
  const file = await open(partial, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(keyBytes).toString('base64')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(partial, path)
    await syncFolder(dirname(path))
  } catch (error) {
    // Another process made one at the same moment: that one counts.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(partial, { force: true })
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
