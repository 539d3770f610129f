import { createHash } from 'node:crypto'
import { mkdir, open, rename, stat, readFile, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { CredentialRecord } from './credential.ts'
import { CredentialStoreError, type CredentialStore, type StoredRecord } from './credential-store.ts'
import { readCredentialText, writeCredentialText } from './credential-text.ts'
import { withFileLock } from './file-lock.ts'

const noFile = 'none'

/** A file of mode 0600 that is only ever replaced whole, by one process at a time. */
export function createFileCredentialStore(path: string): CredentialStore {
  return {
    place: `the file ${path}`,
    async read(): Promise<StoredRecord> {
      const text = await readOwnFile(path)
      if (text === undefined) return { record: undefined, revision: noFile }
      const record = readCredentialText(text)
      if (record === undefined) {
        throw final(`${path} does not hold a credential: move it away, then enrol with a new enrolment token`)
      }
      return { record, revision: revisionOf(text) }
    },
    async write(record: CredentialRecord, revision: string): Promise<'written' | 'conflict'> {
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 })
        const outcome = await withFileLock(`${path}.lock`, async () => {
          const text = await readOwnFile(path)
          if ((text === undefined ? noFile : revisionOf(text)) !== revision) return 'conflict'
          await replaceFile(path, writeCredentialText(record))
          return 'written'
        })
        return outcome === 'taken' ? 'conflict' : outcome
      } catch (error) {
        throw fileError(path, error)
      }
    },
  }
}

async function readOwnFile(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path)
    if ((mode & 0o077) !== 0) {
      throw final(`${path} can be read or written by other users: chmod 600 ${path}`)
    }
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw fileError(path, error)
  }
}

/**
 * The record is on disk, whole, under another name before it takes the place. The name is always the same, and is the
 * lock holder's: what a crash left under it is gone with the next write.
 */
async function replaceFile(path: string, text: string): Promise<void> {
  const written = `${path}.new`
  await unlink(written).catch(ignoreMissing)
  try {
    await withFile(await open(written, 'wx', 0o600), async (file) => {
      await file.writeFile(text)
      await file.sync()
    })
    await rename(written, path)
  } catch (error) {
    await unlink(written).catch(ignoreMissing)
    throw error
  }
  await withFile(await open(dirname(path), 'r'), (opened) => opened.sync())
}

async function withFile(file: FileHandle, use: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(file)
  } finally {
    await file.close()
  }
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}

function revisionOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function fileError(path: string, error: unknown): CredentialStoreError {
  if (error instanceof CredentialStoreError) return error
  const code = codeOf(error) ?? 'unknown error'
  return final(
    `${path} cannot be read and written (${code}): give the gateway's user a folder of its own there, or set POSTERN_CREDENTIAL`,
  )
}

function final(message: string): CredentialStoreError {
  return new CredentialStoreError(message, { isPassing: false })
}
