/** No connection to the database came about: nothing of the statement was done, and it may be tried again. */
export class DatabaseUnreachable extends Error {
  constructor(cause: unknown) {
    super(reasonOf(cause), { cause })
    this.name = 'DatabaseUnreachable'
  }
}

/** The server did not answer a statement in time, not even to refuse it: nobody can tell whether it was done. */
export class DatabaseSilent extends Error {
  constructor() {
    super('The database fell silent')
    this.name = 'DatabaseSilent'
  }
}

/**
 * The connection broke with a statement under way: nobody can tell whether it was done, unless what came before it in the
 * same transaction says so.
 */
export class DatabaseLost extends Error {
  constructor(cause: unknown) {
    super(reasonOf(cause), { cause })
    this.name = 'DatabaseLost'
  }
}

/** An error that stands for several addresses of one host has a code and no message. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'no connection'
  return cause.message || ('code' in cause ? String(cause.code) : cause.name)
}
