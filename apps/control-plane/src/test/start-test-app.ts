import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { type AppConfig, type AppObservers, createApp } from '../app.ts'
import { createKeyringStore } from '../database/keyring-store.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { openKeyring } from '../keyring/keyring.ts'
import { createLogger } from '../observability/logger.ts'
import type { ReplicaBus } from '../replicas/replica-bus.ts'

export interface Reply {
  status: number
  headers: Headers
  body: unknown
}

export interface CallOptions {
  token?: string | undefined
  body?: unknown
  headers?: Record<string, string>
}

export interface Replica {
  url: string
  /** One request; the body of the reply is read as JSON. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  stop(): Promise<void>
}

export interface TestApp extends Replica {
  database: TestDatabase
  /** Everything that was logged. */
  logs(): string
  /** Another process' application on the same database; to be stopped before this one is closed. */
  startReplica(change?: Partial<AppConfig>): Promise<Replica>
  /** The application alone; the database stays. */
  stop(): Promise<void>
  close(): Promise<void>
}

/** The whole control plane on a loopback socket, with a database of its own. */
export async function startTestApp(
  change: Partial<AppConfig> = {},
  {
    observers = {},
    openBus,
    database: own,
    ...databaseOptions
  }: {
    poolMax?: number
    observers?: AppObservers
    /** Of each application, which closes it. */
    openBus?: () => Promise<ReplicaBus>
    database?: TestDatabase
  } = {},
): Promise<TestApp> {
  const database = own ?? (await createTestDatabase(databaseOptions))
  const lines: string[] = []
  const rootKey = createSecretKey(randomBytes(32))
  const startReplica = (more: Partial<AppConfig> = {}) =>
    startApp(database, { rootKey, change: { ...change, ...more }, lines, observers, openBus })
  const app = await startReplica()
  return {
    ...app,
    database,
    startReplica,
    logs: () => lines.join(''),
    close: async () => {
      await app.stop()
      await database.close()
    },
  }
}

interface StartOptions {
  rootKey: KeyObject
  change: Partial<AppConfig>
  observers: AppObservers
  openBus: (() => Promise<ReplicaBus>) | undefined
  /** Of the log. */
  lines: string[]
}

async function startApp(
  database: TestDatabase,
  { rootKey, change, observers, openBus, lines }: StartOptions,
): Promise<Replica> {
  const stream = { write: (line: string) => void lines.push(line) }
  const { logger } = createLogger({ level: 'info', replicaId: 'test', stream })
  const bus = await openBus?.()
  const app = await createApp({
    config: {
      listen: { host: '127.0.0.1', port: 0 },
      publicUrl: 'https://postern.example.com',
      trustedProxies: [],
      allowInternalKubernetesHosts: true,
      loginsPerMinutePerIp: 0,
      failedLoginsPerMinutePerIdentity: 300,
      readsPerMinutePerActor: 0,
      writesPerMinutePerActor: 0,
      secretRequestsPerMinutePerActor: 0,
      auditRetentionDays: 365,
      replicaId: 'test',
      ...change,
    },
    logger,
    kysely: database.kysely,
    keyring: await openKeyring(rootKey, createKeyringStore(database)),
    version: '0.0.0',
    observers,
    ...(bus && { bus }),
    sendAwayTimes: { leastMs: 0, quietMs: 0, mostMs: 0 },
  })
  const { url } = await app.listen()
  let stopping: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await app.close()
    await bus?.close()
  }
  const stop = (): Promise<void> => (stopping ??= close())
  return {
    url,
    call: (method, path, options = {}) => call(url, method, path, options),
    stop,
  }
}

async function call(
  url: string,
  method: string,
  path: string,
  { token, body, headers = {} }: CallOptions,
): Promise<Reply> {
  const reply = await fetch(url + path, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: reply.status, headers: reply.headers, body: await reply.json() }
}
