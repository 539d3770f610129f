import { type Kysely, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { RevocationMarker, RevocationStore, RevocationSubject } from './revocation-store.ts'

const pageRows = 10_000

interface MarkerRow {
  id: number
  scope: RevocationMarker['scope']
  organization_id: string | null
  identity_id: string | null
  auth_method: string | null
  token_id: string | null
  client_secret_id: string | null
  revoked_at_ms: number
  expires_at_ms: number
}

/**
 * Row ids and times are given out before a transaction commits, so rows become visible out of their order, and a
 * reader that resumes from the greatest one it has seen misses the stragglers. Transaction ids have a boundary that
 * is exact: everything below `pg_snapshot_xmin` has ended, so it was visible to that snapshot or never will be.
 */
export function createRevocationStorePostgres(database: Kysely<Schema>): RevocationStore {
  return {
    async add(subject, lifetimeSeconds) {
      const row = await database
        .insertInto('revocations')
        .values({
          ...columnsOf(subject),
          expires_at: sql<Date>`clock_timestamp() + make_interval(secs => ${lifetimeSeconds})`,
        })
        .returning(millisecondsOf('revoked_at').as('database_ms'))
        .executeTakeFirstOrThrow()
      return { databaseMs: row.database_ms }
    },

    async position() {
      const { rows } = await sql<{ position: string; database_ms: number }>`
        select pg_snapshot_xmin(pg_current_snapshot())::text as position, ${millisecondsOf('clock_timestamp()')} as database_ms
      `.execute(database)
      return positionOf(rows[0])
    },

    async readSince(position, signal) {
      const { rows } = await sql<{ position: string; database_ms: number } & Nullable<MarkerRow>>`
        select pg_snapshot_xmin(pg_current_snapshot())::text as position, ${millisecondsOf('clock_timestamp()')} as database_ms, marker.*
        from (select) as always
        left join (
          select ${markerColumns} from revocations
          where transaction_id >= ${position}::text::xid8 and expires_at > now()
        ) as marker on true
      `.execute(database, { signal })
      return { ...positionOf(rows[0]), markers: rows.filter(hasMarker).map(markerOf) }
    },

    async readPage(cursor) {
      const { rows } = await sql<MarkerRow>`
        select ${markerColumns} from revocations
        where id > ${cursor ?? 0} and expires_at > now()
        order by id limit ${pageRows}
      `.execute(database)
      return { markers: rows.map(markerOf), cursor: rows.length < pageRows ? undefined : rows.at(-1)?.id }
    },

    async deleteExpired(rowsMax) {
      const { numDeletedRows } = await database
        .deleteFrom('revocations')
        .where('id', 'in', (query) =>
          query
            .selectFrom('revocations')
            .select('id')
            .where('expires_at', '<', sql<Date>`now()`)
            .limit(rowsMax)
            .forUpdate()
            .skipLocked(),
        )
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}

type Nullable<T> = { [K in keyof T]: T[K] | null }

/** In SQL, because the driver's dates are rounded, and a marker that is early by a millisecond lets a token escape. */
function millisecondsOf(timestamp: 'clock_timestamp()' | 'revoked_at' | 'expires_at') {
  return sql<number>`(extract(epoch from ${sql.raw(timestamp)}) * 1000)::float8`
}

const markerColumns = sql`id, scope, organization_id, identity_id, auth_method, token_id, client_secret_id,
  ${millisecondsOf('revoked_at')} as revoked_at_ms, ${millisecondsOf('expires_at')} as expires_at_ms`

function positionOf(row: { position: string; database_ms: number } | undefined): {
  position: string
  databaseMs: number
} {
  if (row === undefined) throw new Error('a query that always yields a row yielded none')
  return { position: row.position, databaseMs: row.database_ms }
}

function hasMarker<T extends Nullable<MarkerRow>>(row: T): row is T & MarkerRow {
  return row.id !== null
}

function columnsOf(subject: RevocationSubject) {
  return {
    scope: subject.scope,
    organization_id: subject.scope === 'organization' ? subject.organizationId : null,
    identity_id: subject.scope === 'identity' || subject.scope === 'auth-method' ? subject.identityId : null,
    auth_method: subject.scope === 'auth-method' ? subject.authMethod : null,
    token_id: subject.scope === 'token' ? subject.tokenId : null,
    client_secret_id: subject.scope === 'client-secret' ? subject.clientSecretId : null,
  }
}

function markerOf(row: MarkerRow): RevocationMarker {
  const revokedAtMs = Math.floor(row.revoked_at_ms)
  return { revokedAtMs, expiresAtMs: Math.ceil(row.expires_at_ms), ...subjectOf(row) }
}

function subjectOf(row: MarkerRow): RevocationSubject {
  const { scope } = row
  switch (scope) {
    case 'token':
      return { scope, tokenId: present(row.token_id) }
    case 'identity':
      return { scope, identityId: present(row.identity_id) }
    case 'auth-method':
      return { scope, identityId: present(row.identity_id), authMethod: present(row.auth_method) }
    case 'client-secret':
      return { scope, clientSecretId: present(row.client_secret_id) }
    default:
      return { scope, organizationId: present(row.organization_id) }
  }
}

function present(text: string | null): string {
  if (text === null) throw new Error('a stored revocation lacks what its scope names')
  return text
}
