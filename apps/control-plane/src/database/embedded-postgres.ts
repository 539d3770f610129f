import { spawn } from 'node:child_process'
import { mkdir, open, readFile, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import pg from 'pg'

import { StartupProblem } from '../startup-problem.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { type PostgresAccountKind, choosePostgresAccount } from './postgres-account.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { giveTo, prepareCluster, removePartialClusters } from './postgres-cluster.ts'
import {
  type StopTimes,
  disownStaleFile,
  findPostmaster,
  isPostmasterOf,
  readPostmasterFile,
  stopPostmaster,
} from './postmaster.ts'
import { programEnvironment } from './run-program.ts'
import { makeSocketFolder, socketUrl } from './socket-folder.ts'

/*
 * A real PostgreSQL as a child process on a unix socket; it listens on no network.
 *
 *   <data folder>/postgres/cluster      the database files
 *   <data folder>/postgres/socket       the socket (elsewhere if the path is too long for one)
 *   <data folder>/postgres/server.log   what the server said since its last start
 *
 * 1. The server outlives a killed control plane; the next one adopts it. It is found by `postmaster.pid` and believed
 *    only if that process is a PostgreSQL standing in this very folder.
 * 2. Whoever uses the folder holds an advisory lock in the server (folder-lock.ts), started or adopted alike.
 * 3. The server leads its own session, so that Ctrl-C in a terminal reaches us alone and we can drain first.
 */

export interface EmbeddedPostgresLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface EmbeddedPostgresOptions {
  dataFolder: string
  logger: EmbeddedPostgresLogger
  /** Called when the server has gone without being asked to, or another control plane took the folder. */
  onLoss?: (reason: string) => void
  /** False only for tests: no fsync. */
  isDurable?: boolean
  /** Server settings beside those below (`postgres -c`). */
  settings?: Readonly<Record<string, string>>
  stopTimes?: StopTimes
  /** How long a left server may stay silent before it is stopped. */
  silentMsMax?: number
  /** For tests of the ways to run as root. */
  accountKinds?: readonly PostgresAccountKind[]
}

export interface EmbeddedPostgres {
  /** Of the database `postern`. */
  url: string
  /** Process id of the server. */
  pid: number
  /** True if this start made the database files. */
  isFresh: boolean
  /** True if the server was already running. */
  isAdopted: boolean
  close(): Promise<void>
}

interface Running {
  pid: number
  socketFolder: string
  isTemporarySocketFolder: boolean
  isFresh: boolean
  isAdopted: boolean
  lock: FolderLock
}

interface Places {
  dataFolder: string
  folder: string
  cluster: string
  log: string
}

const defaultStopTimes: StopTimes = { fastMs: 10_000, immediateMs: 3_000 }
/** A start includes crash recovery: replaying at most one checkpoint's distance of log. */
const startMsMax = 60_000
const silentMsMax = 10_000
const startAttemptsMax = 5

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const places = await preparePlaces(options.dataFolder)
  const stopTimes = options.stopTimes ?? defaultStopTimes
  const running = await adoptOrStart(places, options, stopTimes)
  try {
    await createDatabase(running.socketFolder)
  } catch (error) {
    await stopPostmaster(places.cluster, running.pid, stopTimes)
    throw error
  }

  let isClosing = false
  const restoreLock = async (): Promise<void> => {
    if (isClosing) return
    const outcome = await relock(places, running)
    if (isClosing) return
    if (typeof outcome === 'string') options.onLoss?.(outcome)
    else outcome.onLoss(() => void restoreLock())
  }
  running.lock.onLoss(() => void restoreLock())

  return {
    url: socketUrl(running.socketFolder, 'postern'),
    pid: running.pid,
    isFresh: running.isFresh,
    isAdopted: running.isAdopted,
    close: async () => {
      // The lock is not released first: it must not fall to another process while the server still runs.
      isClosing = true
      await stopPostmaster(places.cluster, running.pid, stopTimes)
      if (running.isTemporarySocketFolder) await rm(running.socketFolder, { recursive: true, force: true })
    },
  }
}

async function preparePlaces(wanted: string): Promise<Places> {
  try {
    await mkdir(wanted, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StartupProblem(
      `The data folder ${wanted} cannot be made (${error instanceof Error ? error.message : 'unknown error'}). ` +
        'Set POSTERN_DATA_FOLDER to a folder that this user may write to, or DATABASE_URL to a server.',
      { cause: error },
    )
  }
  const dataFolder = await realpath(wanted)
  const folder = join(dataFolder, 'postgres')
  return { dataFolder, folder, cluster: join(folder, 'cluster'), log: join(folder, 'server.log') }
}

async function adoptOrStart(
  places: Places,
  options: EmbeddedPostgresOptions,
  stopTimes: StopTimes,
): Promise<Running> {
  for (let attempt = 1; ; attempt += 1) {
    const adopted = await adopt(places, options, stopTimes)
    if (adopted !== undefined) return adopted
    await refuseServerElsewhere(places)
    const started = await start(places, options)
    if ('pid' in started) return started
    // Either another control plane's server was faster, and adopting it will say so; or sessions of a killed server
    // still hold its shared memory, and end by themselves within seconds.
    if (attempt === startAttemptsMax) {
      throw new StartupProblem(`PostgreSQL did not start in ${places.folder}: ${started.lastWords}`)
    }
    await sleep(500)
  }
}

/** A server whose process we cannot see but whose socket answers: the folder is mounted into two containers. */
async function refuseServerElsewhere({ cluster, dataFolder }: Places): Promise<void> {
  const described = await readPostmasterFile(cluster)
  if (described === undefined || described.socketFolder === '') return
  const attempt = await lockFolder(described.socketFolder)
  if (attempt.result === 'silent') return
  if (attempt.result === 'locked') await attempt.lock.release()
  throw new StartupProblem(
    `Another container runs a PostgreSQL on ${dataFolder}. Stop it, or give each container a data folder of its own.`,
  )
}

async function adopt(
  places: Places,
  options: EmbeddedPostgresOptions,
  stopTimes: StopTimes,
): Promise<Running | undefined> {
  const found = await findPostmaster(places.cluster)
  if (found === undefined) return undefined
  const hasGone = async (): Promise<boolean> => !(await isPostmasterOf(places.cluster, found.pid))
  const outcome = await waitForLock(places, found.socketFolder, hasGone, options.silentMsMax ?? silentMsMax)
  if (outcome.result === 'gone') return undefined
  if (outcome.result === 'silent') {
    options.logger.warn(
      { pid: found.pid, reason: outcome.reason },
      'stopping a PostgreSQL that does not answer',
    )
    await stopPostmaster(places.cluster, found.pid, stopTimes)
    return undefined
  }
  options.logger.info({ pid: found.pid }, 'adopted the PostgreSQL that a previous control plane left running')
  return {
    ...found,
    isTemporarySocketFolder: found.socketFolder !== join(places.folder, 'socket'),
    isFresh: false,
    isAdopted: true,
    lock: outcome.lock,
  }
}

async function start(
  places: Places,
  options: EmbeddedPostgresOptions,
): Promise<Running | { lastWords: string }> {
  const account = await choosePostgresAccount({
    binaries: findPostgresBinaries(),
    dataFolder: places.dataFolder,
    ...(options.accountKinds && { kinds: options.accountKinds }),
  })
  const isDurable = options.isDurable ?? true
  const { isFresh } = await prepareCluster({ ...places, account, isDurable })
  const socket = await makeSocketFolder(places.folder)
  await giveTo(account, socket.path)
  await disownStaleFile(places.cluster)

  const settings = {
    listen_addresses: '',
    unix_socket_directories: `"${socket.path.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    port: '5432',
    // The log is a plain file for the operator: server events only, never statements, which may hold secrets.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    ...(isDurable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    ...options.settings,
  }
  const command = account.command(account.binaries.postgres, [
    '-D',
    places.cluster,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ])
  const { pid, hasExited } = await spawnServer(command, places)
  const outcome = await waitForLock(places, socket.path, hasExited, startMsMax)
  if (outcome.result === 'locked') {
    await removePartialClusters(places.folder)
    options.logger.info({ pid, account: account.kind, isFresh }, 'started PostgreSQL')
    return {
      pid,
      socketFolder: socket.path,
      isTemporarySocketFolder: socket.isTemporary,
      isFresh,
      isAdopted: false,
      lock: outcome.lock,
    }
  }
  if (outcome.result === 'silent') await stopPostmaster(places.cluster, pid, defaultStopTimes)
  if (socket.isTemporary) await rm(socket.path, { recursive: true, force: true })
  const log = await readFile(places.log, 'utf8').catch(() => '')
  return { lastWords: log.trim().split('\n').slice(-5).join(' | ') }
}

async function spawnServer(
  { file, args, ...account }: { file: string; args: string[]; uid?: number; gid?: number },
  places: Places,
): Promise<{ pid: number; hasExited: () => Promise<boolean> }> {
  const log = await open(places.log, 'w', 0o600)
  try {
    const child = spawn(file, args, {
      ...account,
      cwd: places.cluster,
      env: programEnvironment,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    child.unref()
    if (child.pid === undefined) throw new Error('a started process has an id')
    const hasExited = (): Promise<boolean> =>
      Promise.resolve(child.exitCode !== null || child.signalCode !== null)
    return { pid: child.pid, hasExited }
  } finally {
    await log.close()
  }
}

type WaitOutcome =
  | { result: 'locked'; lock: FolderLock }
  | { result: 'gone' }
  | { result: 'silent'; reason: string }

/** Waits until the server answers and gives the lock, has gone, or has been silent for too long. */
async function waitForLock(
  places: Places,
  socketFolder: string,
  hasGone: () => Promise<boolean>,
  silentMs: number,
): Promise<WaitOutcome> {
  const begun = performance.now()
  for (;;) {
    const attempt = await lockFolder(socketFolder)
    if (attempt.result === 'locked') return attempt
    if (attempt.result === 'taken') throw folderTaken(places.dataFolder, attempt.holder)
    if (await hasGone()) return { result: 'gone' }
    const waitedMs = performance.now() - begun
    if (attempt.result === 'silent' && waitedMs > silentMs) return attempt
    if (waitedMs > startMsMax) return { result: 'silent', reason: 'still starting' }
    await sleep(25)
  }
}

function folderTaken(dataFolder: string, holder: string): StartupProblem {
  return new StartupProblem(
    `Another control plane (${holder}) is using ${dataFolder}. ` +
      'Stop it, or set POSTERN_DATA_FOLDER to another folder, or set DATABASE_URL to a shared PostgreSQL server.',
  )
}

/** After a backend crash the server restarts its sessions, ours included; take the lock again. */
async function relock(places: Places, running: Running): Promise<FolderLock | string> {
  try {
    const hasGone = async (): Promise<boolean> => !(await isPostmasterOf(places.cluster, running.pid))
    const outcome = await waitForLock(places, running.socketFolder, hasGone, silentMsMax)
    if (outcome.result === 'locked') return outcome.lock
    return outcome.result === 'gone'
      ? 'PostgreSQL has stopped'
      : `PostgreSQL does not answer: ${outcome.reason}`
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown error'
  }
}

async function createDatabase(socketFolder: string): Promise<void> {
  const client = new pg.Client({ connectionString: socketUrl(socketFolder, 'postgres') })
  await client.connect()
  try {
    const { rowCount } = await client.query(`select 1 from pg_database where datname = 'postern'`)
    if (rowCount === 0) await client.query('create database postern')
  } finally {
    await client.end()
  }
}
