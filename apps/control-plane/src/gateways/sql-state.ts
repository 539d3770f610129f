/** The classes of errors that these stores expect; PostgreSQL's appendix A. */
export const sqlStates = {
  uniqueViolation: '23505',
  foreignKeyViolation: '23503',
  /** What `on delete restrict` raises from PostgreSQL 18 on, in the place of a foreign key violation. */
  restrictViolation: '23001',
} as const

/** The five characters of a database's error; an empty text for any other error. */
export function sqlStateOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
