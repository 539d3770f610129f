import { setTimeout as sleep } from 'node:timers/promises'

import { sql } from 'kysely'

import { StartupProblem } from '../startup-problem.ts'
import type { Database, DatabaseLogger } from './database.ts'

export interface AwaitDatabaseOptions {
  logger: DatabaseLogger
  /** How long a server that does not answer is asked again: it often starts beside us. */
  waitMsMax?: number
  signal?: AbortSignal
}

const oldestVersion = 14
const retryMs = 500

/** @throws StartupProblem if the server does not answer in time, or is too old. */
export async function awaitDatabase(
  database: Pick<Database, 'kysely'>,
  { logger, waitMsMax = 30_000, signal }: AwaitDatabaseOptions,
): Promise<void> {
  const deadline = performance.now() + waitMsMax
  for (;;) {
    signal?.throwIfAborted()
    const answer = await askVersion(database)
    if ('version' in answer) {
      refuseOldVersion(answer.version)
      return
    }
    if (performance.now() > deadline) {
      throw new StartupProblem(`The database that DATABASE_URL names cannot be used: ${answer.reason}`)
    }
    logger.warn({ reason: answer.reason }, 'the database does not answer; trying again')
    await sleep(retryMs)
  }
}

async function askVersion({
  kysely,
}: Pick<Database, 'kysely'>): Promise<{ version: number } | { reason: string }> {
  try {
    const { rows } = await sql<{ version: number }>`
      select current_setting('server_version_num')::int4 / 10000 as version`.execute(kysely)
    return { version: rows[0]?.version ?? 0 }
  } catch (error) {
    return { reason: error instanceof Error && error.message !== '' ? error.message : String(error) }
  }
}

/** @internal */
export function refuseOldVersion(version: number): void {
  if (version >= oldestVersion) return
  throw new StartupProblem(
    `The database runs PostgreSQL ${version}; ${oldestVersion} or later is needed. Upgrade it, or set DATABASE_URL to another.`,
  )
}
