import { setTimeout as sleep } from 'node:timers/promises'

import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'

import { StartupProblem } from '../startup-problem.ts'
import * as foundation from './migrations/0001-foundation.ts'
import * as gatewayPools from './migrations/0002-gateway-pools.ts'
import * as gatewayCredentials from './migrations/0003-gateway-credentials.ts'
import * as people from './migrations/0004-people.ts'
import * as organizationRoles from './migrations/0005-organization-roles.ts'
import * as universalAuth from './migrations/0006-universal-auth.ts'
import * as projects from './migrations/0007-projects.ts'
import * as secrets from './migrations/0008-secrets.ts'
import * as auditRetention from './migrations/0010-audit-retention.ts'
import * as linkMakers from './migrations/0011-link-makers.ts'
import * as replicas from './migrations/0013-replicas.ts'
import * as auditPartitions from './migrations/0014-audit-partitions.ts'
import * as schemaFloor from './migrations/0015-schema-floor.ts'
import { isLockTimeout } from './sql-state.ts'

export interface DatabaseMigration {
  /** In a transaction of its own; whoever waits for its locks waits until it is committed. */
  up: Migration['up']
  /**
   * Before it, outside of transactions: what takes long, and may be repeated after it was cut off. It holds no lock that
   * a running replica would wait for.
   */
  prepare?: Migration['up']
}

export type DatabaseMigrations = Readonly<Record<string, DatabaseMigration>>

/** Named here rather than found on disk, so that a bundle carries them. Order is that of the names. */
export const databaseMigrations: DatabaseMigrations = Object.freeze({
  '0001-foundation': foundation,
  '0002-gateway-pools': gatewayPools,
  '0003-gateway-credentials': gatewayCredentials,
  '0004-people': people,
  '0005-organization-roles': organizationRoles,
  '0006-universal-auth': universalAuth,
  '0007-projects': projects,
  '0008-secrets': secrets,
  '0010-audit-retention': auditRetention,
  '0011-link-makers': linkMakers,
  '0013-replicas': replicas,
  '0014-audit-partitions': auditPartitions,
  '0015-schema-floor': schemaFloor,
})

/** "mig" in ASCII; any fixed number does. */
const lockKey = 0x6d6967
/** Replicas of the version before serve while we migrate: their statements wait behind ours for no longer than this. */
const lockMsMax = 1_000
const lockAttemptsMax = 60
const lockPauseMs = 1_000

/**
 * Brings the schema up to date, one migration after the other, each committed by itself. Safe to call from several
 * processes at once: one migrates, the others wait for it and find nothing to do. That wait, and a migration, may outlast
 * any statement of a request: give it a database without a bound (`statementMsMax: 0`).
 *
 * A database that a newer version has migrated already is used as it is: replicas of the version before start again while
 * an upgrade rolls on. See "Changing the database" in CONTRIBUTING.md.
 *
 * @returns the names of the migrations that this call applied
 * @throws StartupProblem if a newer version took away what this one needs
 */
export async function migrateDatabase<Tables>(
  kysely: Kysely<Tables>,
  migrations: DatabaseMigrations = databaseMigrations,
): Promise<string[]> {
  return kysely.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${sql.lit(lockKey)})`.execute(connection)
    try {
      await sql`set lock_timeout = ${sql.lit(lockMsMax)}`.execute(connection)
      return await applyMissing(connection, migrations)
    } finally {
      await sql`reset lock_timeout`.execute(connection)
      await sql`select pg_advisory_unlock(${sql.lit(lockKey)})`.execute(connection)
    }
  })
}

async function applyMissing<Tables>(
  connection: Kysely<Tables>,
  migrations: DatabaseMigrations,
): Promise<string[]> {
  const applied = await readApplied(connection)
  await refuseOutdated(connection, migrations)
  const missing = Object.keys(migrations)
    .filter((name) => !applied.includes(name))
    .sort()
  for (const name of missing) {
    const prepare = migrations[name]?.prepare
    if (prepare !== undefined) await whenUnlocked(() => prepare(connection))
    await whenUnlocked(() => applyNext(connection, withNewer(migrations, applied)))
  }
  return missing
}

async function applyNext<Tables>(connection: Kysely<Tables>, migrations: DatabaseMigrations): Promise<void> {
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) }
  const { error } = await new Migrator({ db: connection, provider }).migrateUp()
  if (error !== undefined) {
    throw error instanceof Error ? error : new Error('migration failed', { cause: error })
  }
}

async function readApplied<Tables>(connection: Kysely<Tables>): Promise<string[]> {
  const { rows: tables } = await sql`select where to_regclass('kysely_migration') is not null`.execute(
    connection,
  )
  if (tables.length === 0) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(connection)
  return rows.map(({ name }) => name)
}

/** What newer versions applied is there to stay, and none of our business. */
function withNewer(migrations: DatabaseMigrations, applied: readonly string[]): DatabaseMigrations {
  const newest = newestOf(migrations)
  const newer = applied.filter((name) => name > newest)
  return {
    ...migrations,
    ...Object.fromEntries(newer.map((name) => [name, { up: () => Promise.resolve() }])),
  }
}

async function refuseOutdated<Tables>(
  connection: Kysely<Tables>,
  migrations: DatabaseMigrations,
): Promise<void> {
  const { rows: tables } = await sql`select where to_regclass('schema_floor') is not null`.execute(connection)
  if (tables.length === 0) return
  const { rows } = await sql<{ oldest_migration: string }>`select oldest_migration from schema_floor`.execute(
    connection,
  )
  const oldest = rows[0]?.oldest_migration ?? ''
  if (newestOf(migrations) >= oldest) return
  throw new StartupProblem(
    `A later version has changed the database so that this one cannot work with it: versions from the migration ` +
      `${oldest} on can, and this one ends with ${newestOf(migrations)}. Start the later version.`,
  )
}

function newestOf(migrations: DatabaseMigrations): string {
  return Object.keys(migrations).sort().at(-1) ?? ''
}

/** Gives way to whoever holds a lock, and comes again. */
async function whenUnlocked(work: () => Promise<void>): Promise<void> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isLockTimeout(error) || attempts === lockAttemptsMax) throw error
    }
    await sleep(lockPauseMs)
  }
}
