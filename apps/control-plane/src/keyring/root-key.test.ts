import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { loadRootKeyFile, parseRootKey } from './root-key.ts'

describe('parseRootKey', () => {
  it('reads base64 of 32 bytes', () => {
    const bytes = randomBytes(32)
    expect(parseRootKey(bytes.toString('base64'))?.export()).toEqual(bytes)
  })

  it.each([
    ['nothing', ''],
    ['31 bytes', randomBytes(31).toString('base64')],
    ['33 bytes', randomBytes(33).toString('base64')],
    ['hexadecimal', randomBytes(32).toString('hex')],
    ['base64url', Buffer.alloc(32, 0xff).toString('base64url')],
    ['a space at the end', `${randomBytes(32).toString('base64')} `],
    ['stray bits in the last character', `${'A'.repeat(42)}B=`],
  ])('refuses %s', (_name, text) => {
    expect(parseRootKey(text)).toBeUndefined()
  })
})

describe('loadRootKeyFile', () => {
  let dataFolder: string
  beforeEach(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'root-key-'))
  })
  afterEach(() => rm(dataFolder, { recursive: true }))

  it('makes one key that only its owner may read, and finds it again', async () => {
    const first = await loadRootKeyFile(dataFolder)
    const second = await loadRootKeyFile(dataFolder)
    expect([first.isFresh, second.isFresh]).toEqual([true, false])
    expect(second.rootKey.equals(first.rootKey)).toBe(true)
    expect((await stat(join(dataFolder, 'root-key'))).mode & 0o777).toBe(0o600)
    expect(await readdir(dataFolder)).toEqual(['root-key'])
  })

  it('gives the same key to several that start at once', async () => {
    const loaded = await Promise.all(Array.from({ length: 8 }, () => loadRootKeyFile(dataFolder)))
    const [first] = loaded
    for (const { rootKey } of loaded) expect(first && rootKey.equals(first.rootKey)).toBe(true)
  })

  it('refuses a key that others may read, and names the remedy', async () => {
    await loadRootKeyFile(dataFolder)
    await chmod(join(dataFolder, 'root-key'), 0o640)
    await expect(loadRootKeyFile(dataFolder)).rejects.toThrow(/chmod 600/)
  })

  it('refuses a damaged file rather than replace it, and does not show it', async () => {
    await writeFile(join(dataFolder, 'root-key'), 'canary-half-a-key', { mode: 0o600 })
    const refusal = await loadRootKeyFile(dataFolder).catch((error: unknown) => String(error))
    expect(refusal).toMatch(/does not hold a root key/)
    expect(refusal).not.toContain('canary')
    expect(await readFile(join(dataFolder, 'root-key'), 'utf8')).toBe('canary-half-a-key')
  })
})
