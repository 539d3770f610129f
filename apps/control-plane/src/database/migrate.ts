import { type Kysely, sql } from 'kysely'
import { type MigrationProvider, Migrator } from 'kysely/migration'

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

/** Named here rather than found on disk, so that a bundle carries them. Order is that of the names. */
const migrations: MigrationProvider = {
  getMigrations: () =>
    Promise.resolve({
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
    }),
}

/** "mig" in ASCII; any fixed number does. */
const lockKey = 0x6d6967

/**
 * Brings the schema up to date. Safe to call from several processes at once: one migrates, the others wait for it and
 * find nothing to do. That wait, and a migration, may outlast any statement of a request: give it a database without
 * a bound (`statementMsMax: 0`).
 * @returns the names of the migrations that this call applied
 */
export async function migrateDatabase<Tables>(kysely: Kysely<Tables>): Promise<string[]> {
  return kysely.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${sql.lit(lockKey)})`.execute(connection)
    try {
      const { error, results } = await new Migrator({
        db: connection,
        provider: migrations,
      }).migrateToLatest()
      if (error !== undefined)
        throw error instanceof Error ? error : new Error('migration failed', { cause: error })
      return (results ?? []).map(({ migrationName }) => migrationName)
    } finally {
      await sql`select pg_advisory_unlock(${sql.lit(lockKey)})`.execute(connection)
    }
  })
}
