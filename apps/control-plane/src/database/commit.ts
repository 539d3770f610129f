import type { Kysely, Transaction } from 'kysely'

import type { DatabaseObserver } from './database-observer.ts'
import { runTransaction } from './retry.ts'

/**
 * Runs a change on a scope, the stores of one transaction: what it wrote is on disk when this resolves, and none of it
 * is when the change throws. What must be known elsewhere (caches, connections, tunnels) is told after it resolved, never
 * by the change: that is run again, on a fresh scope, where the database undid it or went away before it was committed.
 */
export type Commit<Scope> = <Result>(change: (within: Scope) => Promise<Result>) => Promise<Result>

export function createCommit<Tables, Scope>(
  database: Kysely<Tables>,
  scopeOf: (transaction: Transaction<Tables>) => Scope,
  observer?: DatabaseObserver,
): Commit<Scope> {
  return (change) => runTransaction(database, (transaction) => change(scopeOf(transaction)), observer)
}

/** For stores, which serve by themselves as well as within a change: joins its transaction, or has one of its own. */
export function inTransaction<Tables, Result>(
  database: Kysely<Tables>,
  work: (transaction: Transaction<Tables>) => Promise<Result>,
): Promise<Result> {
  return isTransaction(database) ? work(database) : runTransaction(database, work)
}

function isTransaction<Tables>(database: Kysely<Tables>): database is Transaction<Tables> {
  return database.isTransaction
}
