import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** What `postmaster.pid` says; its lines are documented in PostgreSQL's src/include/utils/pidfile.h. */
export interface Postmaster {
  pid: number
  socketFolder: string
}

const run = promisify(execFile)

function pidFileOf(cluster: string): string {
  return join(cluster, 'postmaster.pid')
}

/** @internal */
export function parsePostmasterFile(text: string): Postmaster | undefined {
  const lines = text.split('\n')
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined
  return { pid, socketFolder: (lines[4] ?? '').trim() }
}

/** What `postmaster.pid` says, true or not. */
export async function readPostmasterFile(cluster: string): Promise<Postmaster | undefined> {
  return parsePostmasterFile(await readFile(pidFileOf(cluster), 'utf8').catch(() => ''))
}

/** The server that runs on this folder now; undefined if there is none, whatever a stale `postmaster.pid` says. */
export async function findPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const postmaster = await readPostmasterFile(cluster)
  return postmaster && (await isPostmasterOf(cluster, postmaster.pid)) ? postmaster : undefined
}

/** Process ids are reused, so the process must be a PostgreSQL that stands in exactly this folder. */
export async function isPostmasterOf(cluster: string, pid: number): Promise<boolean> {
  try {
    if (process.platform === 'linux') {
      const [name, folder] = await Promise.all([
        readFile(`/proc/${pid}/comm`, 'utf8'),
        readlink(`/proc/${pid}/cwd`),
      ])
      return name.trim() === 'postgres' && folder === cluster
    }
    const { stdout } = await run('/bin/ps', ['-ww', '-p', String(pid), '-o', 'command='])
    return basename(stdout.split(' ')[0] ?? '') === 'postgres' && stdout.includes(` -D ${cluster} `)
  } catch {
    // No such process, or one of another user: not our server in either case.
    return false
  }
}

/**
 * Makes a stale `postmaster.pid` harmless. PostgreSQL refuses to start while any live process has the id in it, and
 * after a container restart one often has. The id becomes ours, which the server (our child) ignores; the file stays,
 * because its shared-memory key is how PostgreSQL notices orphans of the dead server. A file that a crash cut short
 * says nothing and goes, unless it is so young that a server may be writing it.
 */
export async function disownStaleFile(cluster: string): Promise<void> {
  const path = pidFileOf(cluster)
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return
  const stale = parsePostmasterFile(text)
  if (stale === undefined) {
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > youngMsMax) await rm(path, { force: true })
    return
  }
  if (stale.pid === process.pid || !isAlive(stale.pid)) return
  const { uid, gid } = await stat(path)
  // Another start may do the same at this moment.
  const partial = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`
  await writeFile(partial, [process.pid, ...text.split('\n').slice(1)].join('\n'), { mode: 0o600 })
  await chown(partial, uid, gid)
  // Or it was faster, and the file is a living server's by now: that one would stop itself over another's id in it.
  const isStillStale = (await readFile(path, 'utf8').catch(() => '')) === text
  if (isStillStale && !(await isPostmasterOf(cluster, stale.pid))) await rename(partial, path)
  else await rm(partial, { force: true })
}

const youngMsMax = 1_000

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

export interface StopTimes {
  /** How long a fast shutdown (a checkpoint included) may take. */
  fastMs: number
  /** How long an immediate shutdown may take; then the process is killed. */
  immediateMs: number
}

/** Fast shutdown, then immediate, then the kernel's. See "Shutting Down the Server" in PostgreSQL's documentation. */
export async function stopPostmaster(cluster: string, pid: number, times: StopTimes): Promise<void> {
  const steps = [
    ['SIGINT', times.fastMs],
    ['SIGQUIT', times.immediateMs],
    ['SIGKILL', times.immediateMs],
  ] as const
  for (const [signal, waitMs] of steps) {
    if (!(await isPostmasterOf(cluster, pid))) return
    trySignal(pid, signal)
    if (await hasGone(cluster, pid, waitMs)) return
  }
  throw new Error(`PostgreSQL (process ${pid}) did not stop`)
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    const hasEnded = error instanceof Error && 'code' in error && error.code === 'ESRCH'
    if (!hasEnded) throw error
  }
}

async function hasGone(cluster: string, pid: number, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs
  while (await isPostmasterOf(cluster, pid)) {
    if (performance.now() > deadline) return false
    await sleep(20)
  }
  return true
}
