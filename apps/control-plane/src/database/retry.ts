import { setTimeout as sleep } from 'node:timers/promises'

import type { Kysely, QueryExecutor, Transaction } from 'kysely'

import type { DatabaseObserver, RepeatReason } from './database-observer.ts'
import { DatabaseLost } from './database-unreachable.ts'
import { isUndone } from './sql-state.ts'

/*
 * What is run again, and what never is:
 *
 * 1. A transaction that the server undid (a serialization failure, a deadlock, a plan that a newer schema outdated), as a
 *    whole. It says so itself, in the answer to COMMIT too.
 * 2. A transaction whose connection broke before COMMIT was sent, as a whole: what was never committed is not there.
 * 3. A statement outside of transactions that begins with `select`, whose connection broke.
 * 4. Never: a change whose COMMIT was sent and not answered, and any other statement that commits by itself. It may have
 *    been done; whoever asked for it is told that nobody knows.
 *
 * A lost connection is replaced by what `bridge-outage.ts` waits for. Everything here ends after three seconds.
 */

const repeatMsMax = 3_000
const runsMax = 5
const firstPauseMs = 10

/**
 * Runs `work` in a transaction of its own and commits it. `work` may be run several times, each time on a fresh
 * transaction: beside that, it does nothing that must not happen twice.
 */
export async function runTransaction<Tables, Result>(
  database: Kysely<Tables>,
  work: (transaction: Transaction<Tables>) => Promise<Result>,
  observer: DatabaseObserver = {},
): Promise<Result> {
  return repeating('change', observer, async (run) => {
    return database.transaction().execute(async (transaction) => {
      const result = await work(transaction)
      // From here on COMMIT is under way.
      run.mayBeDone = true
      return result
    })
  })
}

const read = /^\s*(?:\/\*[^*]*\*\/\s*)?select\b/i

/** Makes an executor run reads again. Those of transactions and of reserved connections have executors of their own. */
export function repeatReads(executor: QueryExecutor, observer: DatabaseObserver): void {
  const executeQuery = executor.executeQuery.bind(executor)
  const repeatingReads: QueryExecutor['executeQuery'] = (query, options) => {
    if (!read.test(query.sql)) return executeQuery(query, options)
    return repeating('read', observer, async (run) => {
      run.signal = options?.signal
      return executeQuery(query, options)
    })
  }
  Object.assign(executor, { executeQuery: repeatingReads })
}

interface Run {
  mayBeDone: boolean
  signal?: AbortSignal | undefined
}

async function repeating<Result>(
  what: 'read' | 'change',
  observer: DatabaseObserver,
  attempt: (run: Run) => Promise<Result>,
): Promise<Result> {
  const giveUpAt = performance.now() + repeatMsMax
  for (let runs = 1; ; runs += 1) {
    const run: Run = { mayBeDone: false }
    try {
      return await attempt(run)
    } catch (error) {
      const why = reasonToRepeat(error, run)
      if (why === undefined || runs === runsMax || performance.now() > giveUpAt) throw error
      observer.repeated?.(what, why)
    }
    // Apart from each other: whoever met in a deadlock would meet again.
    await sleep(firstPauseMs * 2 ** (runs - 1) * (0.5 + Math.random()))
  }
}

function reasonToRepeat(error: unknown, { mayBeDone, signal }: Run): RepeatReason | undefined {
  if (signal?.aborted === true) return undefined
  const undone = isUndone(error)
  if (undone !== undefined) return undone
  return error instanceof DatabaseLost && !mayBeDone ? 'connection-lost' : undefined
}
