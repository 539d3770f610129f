import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFileCredentialStore } from './credential-store-file.ts'
import { boundRecord, describeCredentialStore, pendingRecord } from './credential-store.conformance.ts'
import { describeKeyRotation } from './rotate-key.conformance.ts'

for (const describeStore of [describeCredentialStore, describeKeyRotation]) {
  describeStore('a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'credential-'))
    const path = join(folder, 'state', 'credential.json')
    return { open: () => createFileCredentialStore(path), close: () => rm(folder, { recursive: true }) }
  })
}

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credential-'))
  path = join(folder, 'state', 'credential.json')
})
afterEach(() => rm(folder, { recursive: true }))

it('keeps file and folder from other users, and leaves nothing else behind', async () => {
  const store = createFileCredentialStore(path)
  await store.write(pendingRecord(), (await store.read()).revision)
  await store.write(boundRecord(), (await store.read()).revision)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect((await stat(join(folder, 'state'))).mode & 0o777).toBe(0o700)
  expect(await readdir(join(folder, 'state'))).toEqual(['credential.json'])
})

it('takes away, with the next write, the half-written file that a crash left', async () => {
  const store = createFileCredentialStore(path)
  await store.write(pendingRecord(), (await store.read()).revision)
  await writeFile(`${path}.new`, '{"version":1,"phase":"bo', { mode: 0o644 })
  const bound = boundRecord()
  await store.write(bound, (await store.read()).revision)
  expect(await readdir(join(folder, 'state'))).toEqual(['credential.json'])
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect((await store.read()).record).toEqual(bound)
})

it.each([0o640, 0o604, 0o620])('refuses a file of mode %o and says how to mend it', async (mode) => {
  const store = createFileCredentialStore(path)
  await store.write(pendingRecord(), (await store.read()).revision)
  await chmod(path, mode)
  await expect(store.read()).rejects.toThrow(`chmod 600 ${path}`)
})

it.each([
  '',
  'null',
  '{"version":2}',
  '{"version":1,"phase":"bound","privateKey":{"d":"key-canary","x":"key-canary"}}',
])('refuses %j, without repeating it and without overwriting it', async (text) => {
  const store = createFileCredentialStore(path)
  await store.write(pendingRecord(), (await store.read()).revision)
  await writeFile(path, text)
  const error: unknown = await store.read().catch((error: unknown) => error)
  expect(error).toHaveProperty('message', expect.stringContaining('does not hold a credential'))
  expect(String(error)).not.toContain('canary')
  expect(await store.write(pendingRecord(), 'none')).toBe('conflict')
})

it('names the file and the cause when the folder cannot be made', async () => {
  await writeFile(join(folder, 'state'), 'a file')
  const store = createFileCredentialStore(path)
  await expect(store.read()).rejects.toThrow(/credential\.json .*ENOTDIR/)
})
