import { Socket } from 'node:net'

import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'

import { DatabaseSilent, DatabaseUnreachable } from './database-unreachable.ts'
import type { Schema } from './schema.ts'

export interface DatabaseLogger {
  warn(fields: object, message: string): void
}

export interface DatabaseOptions {
  url: string
  /** Connections of this process at most. */
  poolMax: number
  /** How long a statement may take; 0: as long as it likes, for migrations. */
  statementMsMax?: number
  logger: DatabaseLogger
}

export interface Database {
  kysely: Kysely<Schema>
  /** Waits for the queries under way. */
  close(): Promise<void>
}

/** A login has 10 s in all; nothing on its way may wait longer for the database than half of that. */
const connectMsMax = 5_000
const statementMsMaxDefault = 10_000
/** For a server to say so itself that a statement took too long. */
const sayingSoMs = 2_000
const idleInTransactionMsMax = 30_000

/** Opens a pool; connects on first use, or throws DatabaseUnreachable. A lost idle connection is logged and replaced. */
export function openDatabase({
  url,
  poolMax,
  statementMsMax = statementMsMaxDefault,
  logger,
}: DatabaseOptions): Database {
  const types = new pg.TypeOverrides()
  types.setTypeParser(pg.types.builtins.INT8, parseInt8)
  const pool = new pg.Pool({
    connectionString: url,
    max: poolMax,
    application_name: 'postern',
    connectionTimeoutMillis: connectMsMax,
    statement_timeout: statementMsMax,
    idle_in_transaction_session_timeout: idleInTransactionMsMax,
    keepAlive: true,
    stream: () => createSocket(statementMsMax === 0 ? 0 : statementMsMax + sayingSoMs),
    types,
  })
  pool.on('error', (error) => logger.warn({ reason: error.message }, 'lost an idle database connection'))
  // A connection in use has no other listener, and an 'error' that nobody hears ends the process. Whoever uses the
  // connection is told by the statement that fails.
  pool.on('connect', (client) => {
    client.on('error', () => undefined)
    prepareMarkedStatements(client)
  })
  const dialect = new PostgresDialect({
    controlClient: pg.Client,
    pool: {
      options: pool.options,
      connect: () => pool.connect().catch(refuseAsUnreachable),
      end: () => pool.end(),
    },
  })
  const kysely = new Kysely<Schema>({ dialect })
  return { kysely, close: () => kysely.destroy() }
}

const preparedMark = /^\s*\/\* prepared: ([a-z-]+) \*\//

/**
 * A statement that begins with the comment `prepared: <name>` is parsed and planned once for each connection. For the few
 * on the way of a login: planning costs the server as much as the rows, and kysely names no statement.
 */
function prepareMarkedStatements(client: pg.ClientBase): void {
  const query: (statement: unknown, values?: unknown) => unknown = client.query.bind(client)
  Object.assign(client, {
    query: (statement: unknown, values?: unknown) => {
      const [, name] = typeof statement === 'string' ? (preparedMark.exec(statement) ?? []) : []
      return name === undefined ? query(statement, values) : query({ name, text: statement, values })
    },
  })
}

/**
 * A server that vanished without a word (a dead host, a failover) would keep its statements waiting until TCP gives up
 * after a quarter of an hour. Nothing that lives is silent longer than a statement may take.
 */
function createSocket(silenceMsMax: number): Socket {
  const socket = new Socket()
  socket.setTimeout(silenceMsMax, () => socket.destroy(new DatabaseSilent()))
  return socket
}

function refuseAsUnreachable(error: unknown): never {
  throw new DatabaseUnreachable(error)
}

/**
 * int8 arrives as text; our counters stay below 2^53, and a number that does not is a bug worth an error.
 * @internal
 */
export function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 beyond 2^53: ${text}`)
  return value
}
