import pg from 'pg'

/** What the driver throws when the server refuses with this SQLSTATE. */
export function serverError(sqlState: string, message = 'refused'): Error {
  const error = new pg.DatabaseError(message, message.length, 'error')
  error.code = sqlState
  return error
}
