import { type Kysely, type Selectable, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { ClientSecret } from './client-secret.ts'
import type { ClientSecretStore } from './client-secret-store.ts'

type Row = Omit<Selectable<Schema['client_secrets']>, 'secret_hash'>

const columns = [
  'id',
  'universal_auth_id',
  'prefix',
  'description',
  'num_uses',
  'num_uses_limit',
  'ttl_seconds',
  'expires_at',
  'revoked_at',
  'last_used_at',
  'created_at',
  'updated_at',
] as const

/** So long an ended secret can still be looked at, by whoever asks why a login was refused. */
const keptDaysAfterEnd = 90

export function createClientSecretStorePostgres(database: Kysely<Schema>): ClientSecretStore {
  const select = (universalAuthId: string) =>
    database.selectFrom('client_secrets').select(columns).where('universal_auth_id', '=', universalAuthId)
  return {
    create: async ({ universalAuthId, prefix, hash, description, numUsesLimit, ttlSeconds }) =>
      clientSecretOf(
        await database
          .insertInto('client_secrets')
          .values({
            universal_auth_id: universalAuthId,
            secret_hash: hash,
            prefix,
            description,
            num_uses_limit: numUsesLimit,
            ttl_seconds: ttlSeconds,
            // A TTL of 0 is no TTL: such a secret has no moment of expiry that anything could compare.
            expires_at: ttlSeconds === 0 ? null : sql<Date>`now() + make_interval(secs => ${ttlSeconds})`,
          })
          .returning(columns)
          .executeTakeFirstOrThrow(),
      ),

    list: async (universalAuthId) => {
      const rows = await select(universalAuthId)
        .where('revoked_at', 'is', null)
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      return rows.map(clientSecretOf)
    },

    find: async (universalAuthId, id) => {
      const row = await select(universalAuthId).where('id', '=', id).executeTakeFirst()
      return row && clientSecretOf(row)
    },

    revoke: async (universalAuthId, id) => {
      const row = await database
        .updateTable('client_secrets')
        .set({ revoked_at: sql<Date>`now()`, updated_at: sql<Date>`now()` })
        .where('universal_auth_id', '=', universalAuthId)
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .returning(columns)
        .executeTakeFirst()
      return row && clientSecretOf(row)
    },

    use: async (id, uses) => {
      // Locked first: simultaneous statements queue up behind the row, and each reads what the one before it left.
      const { rows } = await sql<{ uses: number }>`/* prepared: client-secret-use */
        with before as materialized (
          select id, case when num_uses_limit = 0 then ${uses}::bigint
                          else least(${uses}::bigint, num_uses_limit - num_uses) end as uses
          from client_secrets
          where id = ${id} and revoked_at is null and (expires_at is null or expires_at > now())
          for no key update
        )
        update client_secrets set num_uses = client_secrets.num_uses + before.uses, last_used_at = now()
        from before where client_secrets.id = before.id and before.uses > 0
        returning before.uses`.execute(database)
      return rows[0]?.uses ?? 0
    },

    deleteEnded: async (rowsMax) => {
      const longAgo = sql<Date>`now() - make_interval(days => ${keptDaysAfterEnd})`
      const { numDeletedRows } = await database
        .deleteFrom('client_secrets')
        .where('id', 'in', (query) =>
          query
            .selectFrom('client_secrets')
            .select('id')
            // Null compares as unknown: what neither was revoked nor expires is never found.
            .where((ended) =>
              ended.or([ended('revoked_at', '<', longAgo), ended('expires_at', '<', longAgo)]),
            )
            .limit(rowsMax)
            .forUpdate()
            .skipLocked(),
        )
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}

function clientSecretOf(row: Row): ClientSecret {
  return {
    id: row.id,
    universalAuthId: row.universal_auth_id,
    prefix: row.prefix,
    description: row.description,
    numUses: row.num_uses,
    numUsesLimit: row.num_uses_limit,
    ttlSeconds: row.ttl_seconds,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
