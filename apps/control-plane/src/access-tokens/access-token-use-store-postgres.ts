import { type Kysely, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { AccessTokenUseStore } from './access-token-use-store.ts'

export function createAccessTokenUseStorePostgres(database: Kysely<Schema>): AccessTokenUseStore {
  return {
    async use({ tokenId, limit, expiresAt }) {
      // The conflicting row is locked before the condition is looked at: simultaneous uses queue up behind it.
      const { rows } = await sql`
        insert into access_token_uses (token_id, uses, expires_at) values (${tokenId}, 1, ${expiresAt})
        on conflict (token_id) do update
          set uses = access_token_uses.uses + 1,
              expires_at = greatest(access_token_uses.expires_at, excluded.expires_at)
          where access_token_uses.uses < ${limit}
        returning 1
      `.execute(database)
      return rows.length === 1
    },

    async countOf(tokenId) {
      const row = await database
        .selectFrom('access_token_uses')
        .select('uses')
        .where('token_id', '=', tokenId)
        .executeTakeFirst()
      return row?.uses ?? 0
    },

    async keepUntil(tokenId, expiresAt) {
      const row = await database
        .updateTable('access_token_uses')
        .set({ expires_at: sql<Date>`greatest(expires_at, ${expiresAt})` })
        .where('token_id', '=', tokenId)
        .returning('uses')
        .executeTakeFirst()
      return row?.uses ?? 0
    },

    async deleteExpired(rowsMax) {
      // An hour later than needed: a renewal may be extending the row right now.
      const { numDeletedRows } = await database
        .deleteFrom('access_token_uses')
        .where('token_id', 'in', (query) =>
          query
            .selectFrom('access_token_uses')
            .select('token_id')
            .where('expires_at', '<', sql<Date>`now() - interval '1 hour'`)
            .limit(rowsMax)
            .forUpdate()
            .skipLocked(),
        )
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}
