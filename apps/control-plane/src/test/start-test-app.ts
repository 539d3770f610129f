import { createSecretKey, randomBytes } from 'node:crypto'
import { type AppConfig, createApp } from '../app.ts'
import { createKeyringStore } from '../database/keyring-store.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { openKeyring } from '../keyring/keyring.ts'
import { createLogger } from '../observability/logger.ts'

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

export interface TestApp {
  url: string
  database: TestDatabase
  /** One request; the body of the reply is read as JSON. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  /** Everything that was logged. */
  logs(): string
  /** The application alone; the database stays. */
  stop(): Promise<void>
  close(): Promise<void>
}

/** The whole control plane on a loopback socket, with a database of its own. */
export async function startTestApp(
  change: Partial<AppConfig> = {},
  databaseOptions: { poolMax?: number } = {},
): Promise<TestApp> {
  const database = await createTestDatabase(databaseOptions)
  const lines: string[] = []
  const stream = { write: (line: string) => void lines.push(line) }
  const { logger } = createLogger({ level: 'info', replicaId: 'test', stream })
  const app = await createApp({
    config: {
      listen: { host: '127.0.0.1', port: 0 },
      publicUrl: 'https://postern.example.com',
      trustedProxies: [],
      allowInternalKubernetesHosts: true,
      loginsPerMinutePerIp: 0,
      failedLoginsPerMinutePerIdentity: 300,
      replicaId: 'test',
      ...change,
    },
    logger,
    kysely: database.kysely,
    keyring: await openKeyring(createSecretKey(randomBytes(32)), createKeyringStore(database)),
    version: '0.0.0',
  })
  const { url } = await app.listen()
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => (stopping ??= app.close())
  return {
    url,
    database,
    call: (method, path, options = {}) => call(url, method, path, options),
    logs: () => lines.join(''),
    stop,
    close: async () => {
      await stop()
      await database.close()
    },
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
