import type { Kysely, Transaction } from 'kysely'

/**
 * Runs a change on a scope, the stores of one transaction: what it wrote is on disk when this resolves, and none of it
 * is when the change throws. What must be known elsewhere (caches, connections, tunnels) is told after it resolved.
 */
export type Commit<Scope> = <Result>(change: (within: Scope) => Promise<Result>) => Promise<Result>

export function createCommit<Tables, Scope>(
  database: Kysely<Tables>,
  scopeOf: (transaction: Transaction<Tables>) => Scope,
): Commit<Scope> {
  return (change) => database.transaction().execute((transaction) => change(scopeOf(transaction)))
}

/** For stores, which serve by themselves as well as within a change: joins its transaction, or has one of its own. */
export function inTransaction<Tables, Result>(
  database: Kysely<Tables>,
  work: (transaction: Transaction<Tables>) => Promise<Result>,
): Promise<Result> {
  return isTransaction(database) ? work(database) : database.transaction().execute(work)
}

function isTransaction<Tables>(database: Kysely<Tables>): database is Transaction<Tables> {
  return database.isTransaction
}
