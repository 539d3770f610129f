import { Socket } from 'node:net'

import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'

import { bridgeOutages } from './bridge-outage.ts'
import type { DatabaseObserver } from './database-observer.ts'
import { DatabaseLost, DatabaseSilent } from './database-unreachable.ts'
import { repeatReads } from './retry.ts'
import type { Schema } from './schema.ts'
import { endsSession, isStalePlan } from './sql-state.ts'

export interface DatabaseLogger {
  warn(fields: object, message: string): void
}

export interface DatabaseOptions {
  url: string
  /** Connections of this process at most. */
  poolMax: number
  /** How long a statement may take; 0: as long as it likes, for migrations. */
  statementMsMax?: number
  /** How long a database that went away is waited for, from when it did. 0: nobody waits. */
  bridgedMsMax?: number
  observer?: DatabaseObserver
  logger: DatabaseLogger
}

export interface Database {
  kysely: Kysely<Schema>
  /** Of this process, now; `waiting` are not connections, but those who wait for one. */
  countConnections(): { busy: number; idle: number; waiting: number }
  /** Waits for the queries under way. */
  close(): Promise<void>
}

/** A login has 10 s in all; nothing on its way may wait longer for the database than half of that. */
const connectMsMax = 5_000
const statementMsMaxDefault = 10_000
/** For a server to say so itself that a statement took too long. */
const sayingSoMs = 2_000
const idleInTransactionMsMax = 30_000
/** A restart takes a second or two. Within a login's 10 s, and within the 5 s that a replica's revocations are good for. */
const bridgedMsMaxDefault = 3_000

/**
 * Opens a pool; connects on first use, or throws DatabaseUnreachable. A lost idle connection is logged and replaced, and
 * statements prepared on it are prepared anew on the next. What is run again when one breaks: see `retry.ts`.
 */
export function openDatabase({
  url,
  poolMax,
  statementMsMax = statementMsMaxDefault,
  bridgedMsMax = bridgedMsMaxDefault,
  observer = {},
  logger,
}: DatabaseOptions): Database {
  const state = { isClosed: false }
  const plans: Plans = { generation: 0 }
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
  pool.on('connect', (client) => {
    prepareMarkedStatements(client, plans)
    tellLoss(client, () => observer.lost?.())
  })
  const returned = (goneMs: number): void => {
    logger.warn({ goneMs: Math.round(goneMs) }, 'the database answers again')
    observer.returned?.(goneMs)
  }
  const dialect = new PostgresDialect({
    controlClient: pg.Client,
    pool: {
      options: pool.options,
      connect: bridgeOutages(() => pool.connect(), {
        bridgedMsMax,
        isClosed: () => state.isClosed,
        onReturn: returned,
      }),
      end: () => pool.end(),
    },
  })
  const kysely = new Kysely<Schema>({ dialect })
  repeatReads(kysely.getExecutor(), observer)
  return {
    kysely,
    countConnections: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    close: () => {
      state.isClosed = true
      return kysely.destroy()
    },
  }
}

const preparedMark = /^\s*\/\* prepared: ([a-z-]+) \*\//

/** Of all connections of a pool. */
interface Plans {
  generation: number
}

/**
 * A statement that begins with the comment `prepared: <name>` is parsed and planned once for each connection. For the few
 * on the way of a login: planning costs the server as much as the rows, and kysely names no statement.
 *
 * A newer version of the software may give a table another column while this one runs. A plan that selects all of them is
 * refused from then on; it and all others are prepared again under other names, and `retry.ts` runs the statement again.
 */
function prepareMarkedStatements(client: pg.ClientBase, plans: Plans): void {
  const query: (statement: unknown, values?: unknown) => Promise<unknown> = client.query.bind(client)
  const preparing = async (name: string, text: string, values: unknown): Promise<unknown> => {
    const { generation } = plans
    try {
      return await query({ name: generation === 0 ? name : `${name} ${generation}`, text, values })
    } catch (error) {
      if (isStalePlan(error) && plans.generation === generation) plans.generation += 1
      throw error
    }
  }
  Object.assign(client, {
    query: (statement: unknown, values?: unknown) => {
      if (typeof statement !== 'string') return query(statement, values)
      const [, name] = preparedMark.exec(statement) ?? []
      return name === undefined ? query(statement, values) : preparing(name, statement, values)
    },
  })
}

/** Errors of a connection that broke become DatabaseLost. After a server's last word it is not used again. */
function tellLoss(client: pg.PoolClient, onLost: () => void): void {
  let isBroken = false
  let isTold = false
  // A connection in use has no other listener, and an 'error' that nobody hears ends the process.
  client.on('error', () => {
    isBroken = true
  })
  const query: (statement: unknown, values?: unknown) => Promise<unknown> = client.query.bind(client)
  const telling = async (statement: unknown, values?: unknown): Promise<unknown> => {
    try {
      return await query(statement, values)
    } catch (error) {
      const isLastWord = endsSession(error)
      if (!isBroken && !isLastWord) throw error
      isBroken = true
      if (isLastWord) void client.end()
      if (!isTold) onLost()
      isTold = true
      throw error instanceof DatabaseSilent ? error : new DatabaseLost(error)
    }
  }
  Object.assign(client, { query: telling })
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

/**
 * int8 arrives as text; our counters stay below 2^53, and a number that does not is a bug worth an error.
 * @internal
 */
export function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 beyond 2^53: ${text}`)
  return value
}
