import pg from 'pg'

import { StartupProblem } from '../startup-problem.ts'
import { socketUrl } from './socket-folder.ts'

/**
 * One control plane to a data folder. The lock is a session-level advisory lock in the folder's own server: it ends
 * with the process that holds it, however that ends, and needs no stale-lock rules.
 */
export interface FolderLock {
  /** Called once if the connection, and with it the lock, is lost. */
  onLoss(listener: () => void): void
  release(): Promise<void>
}

/** "post" in ASCII; any fixed number does. */
const lockKey = 0x706f7374

export type LockAttempt =
  | { result: 'locked'; lock: FolderLock }
  /** The server is starting, recovering or stopping (SQLSTATE 57P03). */
  | { result: 'busy' }
  | { result: 'silent'; reason: string }

/** @throws StartupProblem if another live control plane holds the lock. */
export async function lockFolder(socketFolder: string, dataFolder: string): Promise<LockAttempt> {
  const client = new pg.Client({
    connectionString: socketUrl(socketFolder, 'postgres'),
    application_name: `postern, process ${process.pid}`,
    connectionTimeoutMillis: 5_000,
  })
  const losses = new Set<() => void>()
  client.on('error', () => notify(losses))
  client.on('end', () => notify(losses))
  try {
    await client.connect()
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '57P03') return { result: 'busy' }
    return { result: 'silent', reason: error instanceof Error ? error.message : 'no answer' }
  }
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
    lockKey,
  ])
  if (rows[0]?.locked !== true) {
    const holder = await findHolder(client)
    await client.end()
    throw new StartupProblem(
      `Another control plane (${holder}) is using ${dataFolder}. ` +
        'Stop it, or set POSTERN_DATA_FOLDER to another folder, or set DATABASE_URL to a shared PostgreSQL server.',
    )
  }
  return {
    result: 'locked',
    lock: {
      onLoss: (listener) => losses.add(listener),
      release: async () => {
        losses.clear()
        await client.end()
      },
    },
  }
}

function notify(losses: Set<() => void>): void {
  const listeners = [...losses]
  losses.clear()
  for (const listener of listeners) listener()
}

async function findHolder(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ application_name: string }>(
    `select application_name from pg_stat_activity join pg_locks using (pid)
     where locktype = 'advisory' and objid = $1 and granted limit 1`,
    [lockKey],
  )
  return rows[0]?.application_name ?? 'of unknown process'
}
