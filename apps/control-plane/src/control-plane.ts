import type { KeyObject } from 'node:crypto'

import type { Logger } from 'pino'

import { type App, createApp } from './app.ts'
import { type ClosingPhase, closeInPhases } from './close-in-phases.ts'
import type { Config } from './config.ts'
import { awaitDatabase } from './database/await-database.ts'
import { type Database, openDatabase } from './database/database.ts'
import { startEmbeddedPostgres } from './database/embedded-postgres.ts'
import { createKeyringStore } from './database/keyring-store.ts'
import { migrateDatabase } from './database/migrate.ts'
import type { LogRequest } from './http/access-log.ts'
import { openInstanceSecret } from './keyring/instance-secret.ts'
import { type Keyring, openKeyring } from './keyring/keyring.ts'
import { loadRootKeyFile } from './keyring/root-key.ts'
import { type Metrics, createMetrics } from './observability/metrics.ts'
import { mountProbes } from './observability/mount-probes.ts'
import { AuditProgress, createReadiness } from './observability/probes.ts'
import { openBus, takePlace } from './open-replicas.ts'
import type { ReplicaBus } from './replicas/replica-bus.ts'
import { StartupProblem } from './startup-problem.ts'

export interface ControlPlaneOptions {
  config: Config
  logger: Logger
  logRequest: LogRequest
  version: string
  /** Called when it cannot go on, and should be closed. */
  onLoss: (reason: string) => void
  /** Stops an opening that is under way. */
  signal: AbortSignal
}

export interface ControlPlane {
  url: string
  /** True while nobody has made the first organization. */
  isFresh: boolean
  /** Everything in the reverse order of opening, each part within its time; a minute at most. */
  close(): Promise<void>
}

type Phase = 'starting' | 'running' | 'draining'

/** Database, migrations, keyring, app, socket. What was opened before a failure is closed again. */
export async function openControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { config, logger, signal } = options
  const opened: ClosingPhase[] = []
  const state: { phase: Phase } = { phase: 'starting' }
  const close = (): Promise<void> => {
    state.phase = 'draining'
    return closeInPhases(opened.toReversed(), logger)
  }
  try {
    const url = config.databaseUrl ?? (await openEmbeddedPostgres(options, opened))
    signal.throwIfAborted()
    const metrics = createMetrics({ version: options.version, withProcessMetrics: true })
    const database = openDatabase({
      url,
      poolMax: config.databasePoolMax,
      observer: metrics.database,
      logger,
    })
    metrics.database.countConnectionsBy(() => database.countConnections())
    opened.push({ name: 'database', budgetMs: 3_000, close: () => database.close() })
    await awaitDatabase(database, { logger, signal })
    if (config.databaseUrl !== undefined) {
      const place = await takePlace({ ...options, url, log: logger })
      opened.push({ name: 'place among the replicas', budgetMs: 1_000, close: () => place.release() })
    }
    await migrate(url, logger)
    signal.throwIfAborted()
    const keyring = await openKeyring(await rootKeyOf(config), createKeyringStore(database), {
      previousRootKey: config.previousRootKey,
    })
    const secret = await openInstanceSecret(keyring, createKeyringStore(database))
    const bus = await openBus({ config, secret, log: logger, observer: metrics.nats })
    opened.push({ name: 'what replicas say to each other', budgetMs: 1_500, close: () => bus.close() })
    signal.throwIfAborted()
    const app = await openApp(options, {
      database,
      metrics,
      keyring,
      bus,
      instanceSecret: secret,
      phase: () => state.phase,
    })
    opened.push({ name: 'app', budgetMs: 43_000, close: () => app.close() })
    signal.throwIfAborted()
    const { url: boundUrl } = await listen(app, config)
    state.phase = 'running'
    return { url: boundUrl, isFresh: await hasNoOrganization(database), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function migrate(url: string, logger: Logger): Promise<void> {
  const database = openDatabase({ url, poolMax: 1, statementMsMax: 0, logger })
  try {
    const migrations = await migrateDatabase(database.kysely)
    if (migrations.length > 0) logger.info({ migrations }, 'migrated the database')
  } finally {
    await database.close()
  }
}

async function openEmbeddedPostgres(
  { config, logger, onLoss }: ControlPlaneOptions,
  opened: ClosingPhase[],
): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dataFolder: config.dataFolder, logger, onLoss })
  // Fast shutdown, then immediate, then killed: embedded-postgres.ts bounds each.
  opened.push({ name: 'embedded PostgreSQL', budgetMs: 20_000, close: () => postgres.close() })
  return postgres.url
}

interface Opened {
  database: Database
  metrics: Metrics
  keyring: Keyring
  bus: ReplicaBus
  instanceSecret: KeyObject
  phase: () => Phase
}

async function openApp(
  options: ControlPlaneOptions,
  { database, metrics, keyring, bus, instanceSecret, phase }: Opened,
): Promise<App> {
  const { config, logger, version } = options
  const elapsed = (): number => performance.now()
  const auditProgress = new AuditProgress(elapsed)
  const app = await createApp({
    config,
    logger,
    logRequest: options.logRequest,
    kysely: database.kysely,
    keyring,
    version,
    bus,
    ...(config.natsServers === undefined ? { isOnlyReplica: true } : { instanceSecret }),
    observers: {
      request: (finished) => metrics.observeRequest(finished),
      login: ({ authMethod, outcome, reason }) => metrics.observeLogin(authMethod, outcome, reason),
      auditLog: {
        queued: (rows) => {
          metrics.auditLog.queued(rows)
          auditProgress.queued(rows)
        },
        flushed: (flush) => {
          metrics.auditLog.flushed(flush)
          auditProgress.flushed(flush)
        },
      },
      database: metrics.database,
      tunnels: metrics.tunnels,
      reviews: metrics.reviews,
    },
  })
  const readiness = createReadiness({
    pingDatabase: () => hasNoOrganization(database),
    phase,
    isAuditLogStuck: () => auditProgress.isStuck(),
    isNatsConnected: () => bus.isConnected,
    nowMs: elapsed,
  })
  mountProbes(app.server, { readiness, metrics })
  return app
}

/** Only the embedded mode has no key of the operator's: config.ts requires one beside DATABASE_URL. */
async function rootKeyOf({ rootKey, dataFolder }: Config): Promise<KeyObject> {
  return rootKey ?? (await loadRootKeyFile(dataFolder)).rootKey
}

async function listen(app: App, { listen: { host, port } }: Config): Promise<{ url: string }> {
  try {
    return await app.listen()
  } catch (error) {
    if (error instanceof StartupProblem) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new StartupProblem(
      `Cannot listen on ${host} port ${port} (${code}). Set POSTERN_LISTEN to a free address of this machine.`,
      { cause: error },
    )
  }
}

async function hasNoOrganization({ kysely }: Database): Promise<boolean> {
  const first = await kysely.selectFrom('organizations').select('id').limit(1).executeTakeFirst()
  return first === undefined
}
