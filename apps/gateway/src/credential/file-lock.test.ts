import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withFileLock } from './file-lock.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'))
  path = join(folder, 'lock')
})
afterEach(() => rm(folder, { recursive: true }))

async function leaveLock(ageMs: number): Promise<void> {
  await writeFile(path, 'somebody')
  const at = new Date(Date.now() - ageMs)
  await utimes(path, at, at)
}

/** Six enter, each after a pause; how many were inside together at most. */
async function mostInside(pauseMs: () => number): Promise<number> {
  let inside = 0
  let most = 0
  const enter = async (): Promise<string> => {
    await delay(pauseMs())
    return withFileLock(path, async () => {
      most = Math.max(most, (inside += 1))
      await delay(2)
      inside -= 1
      return 'in'
    })
  }
  expect(await Promise.all(Array.from({ length: 6 }, enter))).toEqual(Array(6).fill('in'))
  return most
}

it('lets one at a time in, and leaves nothing behind', async () => {
  let inside = 0
  let most = 0
  const results = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      withFileLock(path, async () => {
        most = Math.max(most, (inside += 1))
        await delay(2)
        inside -= 1
        return index
      }),
    ),
  )
  expect(results).toEqual([0, 1, 2, 3, 4, 5])
  expect(most).toBe(1)
  expect(await readdir(folder)).toEqual([])
})

it('gives up on a lock that somebody else holds', async () => {
  await leaveLock(0)
  expect(await withFileLock(path, async () => 'in', 60)).toBe('taken')
})

it.each([
  ['a process that has died', 60_000],
  ['a time that is still to come, since the clock was set back', -3_600_000],
])('removes the lock of %s, and then lets one at a time in', async (_, ageMs) => {
  await leaveLock(ageMs)
  expect(await mostInside(() => 0)).toBe(1)
  expect(await readdir(folder)).toEqual([])
})

it('lets one at a time in where several find at once that a lock is stale', async () => {
  for (let round = 0; round < 40; round += 1) {
    await leaveLock(60_000)
    // So that some look while others have just removed it.
    expect(await mostInside(() => Math.random() * 3)).toBe(1)
  }
  expect(await readdir(folder)).toEqual([])
})

it('does not wait for ever for somebody who has died while he removed a stale lock', async () => {
  await leaveLock(60_000)
  const at = new Date(Date.now() - 60_000)
  await writeFile(`${path}.stale`, '')
  await utimes(`${path}.stale`, at, at)
  expect(await withFileLock(path, async () => 'in')).toBe('in')
  expect(await readdir(folder)).toEqual([])
})

it('passes on what the work fails with, and is free again', async () => {
  await expect(withFileLock(path, () => Promise.reject(new RangeError('full')))).rejects.toThrow('full')
  expect(await withFileLock(path, async () => 'in')).toBe('in')
})
