import { type Insertable, type Kysely, type Selectable, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { UniversalAuth, UniversalAuthSettings } from './universal-auth.ts'
import type { UniversalAuthStore } from './universal-auth-store.ts'
import type { SecretCandidate, UniversalLoginStore } from './universal-login-store.ts'

type Row = Selectable<Schema['universal_auths']>
type SettingsColumns = Omit<
  Insertable<Schema['universal_auths']>,
  'id' | 'identity_id' | 'organization_id' | 'client_id' | 'came_with_identity' | 'created_at' | 'updated_at'
>

/** PostgreSQL, appendix A. */
const uniqueViolation = '23505'
const foreignKeyViolation = '23503'

export function createUniversalAuthStorePostgres(database: Kysely<Schema>): UniversalAuthStore {
  const byIdentity = (identityId: string) =>
    database.selectFrom('universal_auths').selectAll().where('identity_id', '=', identityId)
  return {
    find: async (identityId) => {
      const row = await byIdentity(identityId).executeTakeFirst()
      return row && universalAuthOf(row)
    },

    create: async ({ identityId, organizationId, settings, cameWithIdentity = false }) => {
      try {
        const row = await database
          .insertInto('universal_auths')
          .values({
            ...columnsOf(settings),
            identity_id: identityId,
            organization_id: organizationId,
            came_with_identity: cameWithIdentity,
          })
          .returningAll()
          .executeTakeFirstOrThrow()
        return { kind: 'created', auth: universalAuthOf(row) }
      } catch (error) {
        const state = error instanceof Error && 'code' in error ? error.code : undefined
        if (state === uniqueViolation) return { kind: 'already-attached' }
        if (state === foreignKeyViolation) return { kind: 'identity-gone' }
        throw error
      }
    },

    findToChange: async (identityId) => {
      const row = await byIdentity(identityId).forNoKeyUpdate().executeTakeFirst()
      return row && universalAuthOf(row)
    },

    update: async (id, settings) =>
      universalAuthOf(
        await database
          .updateTable('universal_auths')
          .set({
            ...columnsOf(settings),
            came_with_identity: false,
            updated_at: sql<Date>`clock_timestamp()`,
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow(),
      ),

    remove: async (identityId) => {
      const row = await database
        .deleteFrom('universal_auths')
        .where('identity_id', '=', identityId)
        .returningAll()
        .executeTakeFirst()
      return row && universalAuthOf(row)
    },
  }
}

interface LoginRow extends Row {
  organization_slug: string
  is_source_locked_out: boolean
  secret_id: string | null
  secret_hash: Buffer | null
  is_revoked: boolean | null
  is_expired: boolean | null
  num_uses: number | null
  num_uses_limit: number | null
}

export function createUniversalLoginStorePostgres(database: Kysely<Schema>): UniversalLoginStore {
  return {
    findClient: async ({ clientId, prefix, source }) => {
      const { rows } = await sql<LoginRow>`/* prepared: universal-login */
        select auth.*, organization.slug as organization_slug,
          exists (
            select from universal_auth_lockouts lockout
            where lockout.universal_auth_id = auth.id and lockout.source = ${source} and lockout.locked_until > now()
          ) as is_source_locked_out,
          secret.id as secret_id, secret.secret_hash, secret.num_uses, secret.num_uses_limit,
          secret.revoked_at is not null as is_revoked, coalesce(secret.expires_at <= now(), false) as is_expired
        from universal_auths auth
        join organizations organization on organization.id = auth.organization_id
        left join client_secrets secret on secret.universal_auth_id = auth.id and secret.prefix = ${prefix}
        where auth.client_id = ${clientId}`.execute(database)
      const [first] = rows
      if (first === undefined) return undefined
      return {
        auth: universalAuthOf(first),
        organizationSlug: first.organization_slug,
        isSourceLockedOut: first.is_source_locked_out,
        candidates: rows.flatMap(candidatesOf),
      }
    },
  }
}

function candidatesOf(row: LoginRow): SecretCandidate[] {
  if (row.secret_id === null || row.secret_hash === null) return []
  return [
    {
      id: row.secret_id,
      hash: row.secret_hash,
      isRevoked: row.is_revoked === true,
      isExpired: row.is_expired === true,
      numUses: row.num_uses ?? 0,
      numUsesLimit: row.num_uses_limit ?? 0,
    },
  ]
}

function columnsOf({ clientSecretTrustedIps, accessToken, lockout }: UniversalAuthSettings): SettingsColumns {
  return {
    client_secret_trusted_ips: JSON.stringify(clientSecretTrustedIps),
    access_token_ttl_seconds: accessToken.ttlSeconds,
    access_token_max_ttl_seconds: accessToken.maxTtlSeconds,
    access_token_period_seconds: accessToken.periodSeconds,
    access_token_num_uses_limit: accessToken.numUsesLimit,
    access_token_trusted_ips: JSON.stringify(accessToken.trustedIps),
    is_lockout_enabled: lockout.isEnabled,
    lockout_threshold: lockout.threshold,
    lockout_duration_seconds: lockout.durationSeconds,
    lockout_counter_reset_seconds: lockout.counterResetSeconds,
  }
}

function universalAuthOf(row: Row): UniversalAuth {
  return {
    id: row.id,
    identityId: row.identity_id,
    organizationId: row.organization_id,
    clientId: row.client_id,
    cameWithIdentity: row.came_with_identity,
    clientSecretTrustedIps: row.client_secret_trusted_ips,
    accessToken: {
      ttlSeconds: row.access_token_ttl_seconds,
      maxTtlSeconds: row.access_token_max_ttl_seconds,
      periodSeconds: row.access_token_period_seconds,
      numUsesLimit: row.access_token_num_uses_limit,
      trustedIps: row.access_token_trusted_ips,
    },
    lockout: {
      isEnabled: row.is_lockout_enabled,
      threshold: row.lockout_threshold,
      durationSeconds: row.lockout_duration_seconds,
      counterResetSeconds: row.lockout_counter_reset_seconds,
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
