import pg from 'pg'

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
  | { result: 'taken'; holder: string }
  /** The server is starting, recovering or stopping. */
  | { result: 'busy' }
  | { result: 'silent'; reason: string }

export async function lockFolder(socketFolder: string): Promise<LockAttempt> {
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
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
      lockKey,
    ])
    if (rows[0]?.locked !== true) {
      const holder = await findHolder(client)
      await client.end()
      return { result: 'taken', holder }
    }
  } catch (error) {
    // Also a server that stops between the connection and the answer.
    if (error instanceof pg.DatabaseError) return { result: 'busy' }
    return { result: 'silent', reason: error instanceof Error ? error.message : 'no answer' }
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
