import pg from 'pg'

/** The SQLSTATE that the server gave for an error; undefined where no server did: EPIPE has five letters too. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}

/**
 * The server undid the transaction, in favour of another one or of another plan, and says so: it may be run again. 40003
 * is left out, which says that nobody knows.
 */
export function isUndone(error: unknown): 'serialization-failure' | 'deadlock' | 'stale-plan' | undefined {
  const state = sqlStateOf(error)
  if (state === '40001') return 'serialization-failure'
  if (state === '40P01') return 'deadlock'
  return isStalePlan(error) ? 'stale-plan' : undefined
}

/** "Cached plan must not change result type" has no state of its own, but that of features that are not supported. */
export function isStalePlan(error: unknown): boolean {
  return sqlStateOf(error) === '0A000'
}

/**
 * The last word of a session: shut down, crashed, starting or stopping, idle for too long, or terminated by somebody. And
 * 25006, where the server has become a standby, which never takes a change again: nothing holds us to it. Appendix A of
 * PostgreSQL's documentation.
 */
export function endsSession(error: unknown): boolean {
  return ['57P01', '57P02', '57P03', '57P05', '25P03', '25P04', '25006'].includes(sqlStateOf(error) ?? '')
}

/** Whether a connection that was refused may come about in a moment. A wrong password stays wrong. */
export function isPassingRefusal(error: unknown): boolean {
  const state = sqlStateOf(error)
  // Operator intervention, insufficient resources, connection exceptions.
  return state === undefined || /^(?:57|53|08)/.test(state)
}

/** Somebody held a lock for longer than `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  return sqlStateOf(error) === '55P03'
}

/** Another row has the value already. */
export function isUniqueViolation(error: unknown): boolean {
  return sqlStateOf(error) === '23505'
}
