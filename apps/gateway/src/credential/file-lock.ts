import { randomUUID } from 'node:crypto'
import { open, readFile, stat, unlink } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** A holder does a few writes of a few hundred bytes: one that is older has died. */
const staleMs = 10_000
const pollMs = 20

/**
 * Runs `work` while the file `path` exists, which one process at a time can make. `taken`: others hold it for longer than
 * `waitMs`. Processes of several machines may share the folder, so the age of the file counts, not its holder's id.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  waitMs = 2_000,
): Promise<T | 'taken'> {
  const holder = randomUUID()
  for (let waitedMs = 0; !(await take(path, holder)); waitedMs += pollMs) {
    if (waitedMs >= waitMs) return 'taken'
    if (!(await removeStale(path, holder))) await delay(pollMs)
  }
  try {
    return await work()
  } finally {
    await release(path, holder)
  }
}

async function take(path: string, holder: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(holder)
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** A clock that was set back since would make a lock that somebody left hold for as long. */
async function isStaleFile(path: string): Promise<boolean> {
  return Math.abs(Date.now() - (await stat(path)).mtimeMs) >= staleMs
}

/**
 * Whether there is a chance again. One process at a time looks and removes, or it would remove the fresh lock of whoever
 * came between the two. No file system removes a file only if it is still the same, so two may still meet where one has
 * died here and others find that at the same moment.
 */
async function removeStale(path: string, holder: string): Promise<boolean> {
  try {
    if (!(await isStaleFile(path))) return false
    const guard = `${path}.stale`
    if (await take(guard, holder)) return await removeGuarded(path, guard, holder)
    // Whoever has died between making the guard and removing it.
    if (await isStaleFile(guard)) await unlink(guard)
    return false
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true
    throw error
  }
}

async function removeGuarded(path: string, guard: string, holder: string): Promise<boolean> {
  try {
    if (await isStaleFile(path)) await unlink(path)
    return true
  } finally {
    await release(guard, holder)
  }
}

/** Not another's, which has found this one stale. */
async function release(path: string, holder: string): Promise<void> {
  try {
    if ((await readFile(path, 'utf8')) === holder) await unlink(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
