import { type Kysely, type Selectable, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import {
  type FoundInvitation,
  type Invitation,
  type InvitationStore,
  invitationAgeSecondsMax,
} from './invitation-store.ts'

const columns = [
  'member_invitations.id',
  'member_invitations.organization_id',
  'member_invitations.email',
  'member_invitations.role',
  'member_invitations.created_at',
  'member_invitations.expires_at',
] as const
type Row = Omit<Selectable<Schema['member_invitations']>, 'token_hash' | 'made_by_kind' | 'made_by_id'>

const isAlive = sql<boolean>`member_invitations.expires_at > now()`
const expiry = sql<Date>`now() + interval ${sql.lit(`${String(invitationAgeSecondsMax)} seconds`)}`

export function createInvitationStorePostgres(database: Kysely<Schema>): InvitationStore {
  return {
    create: (invitation) => create(database, invitation),
    findPending: async (organizationId, by) =>
      invitationOf(
        await database
          .selectFrom('member_invitations')
          .select(columns)
          .where('organization_id', '=', organizationId)
          .where((expression) =>
            'email' in by ? expression('email', '=', by.email) : expression('id', '=', by.invitationId),
          )
          .where(isAlive)
          .executeTakeFirst(),
      ),
    find: (tokenHash) => find(database, tokenHash),
    take: async (tokenHash) =>
      invitationOf(
        await database
          .deleteFrom('member_invitations')
          .where('token_hash', '=', tokenHash)
          .where(isAlive)
          .returning(columns)
          .executeTakeFirst(),
      ),
    list: (organizationId, page) => list(database, organizationId, page),
    revoke: async (organizationId, invitationId) =>
      invitationOf(
        await database
          .deleteFrom('member_invitations')
          .where('organization_id', '=', organizationId)
          .where('id', '=', invitationId)
          .where(isAlive)
          .returning(columns)
          .executeTakeFirst(),
      ),
    deleteExpired: async (rowsMax) => {
      const { numAffectedRows = 0n } = await sql`
        delete from member_invitations where id in (
          select id from member_invitations where expires_at < now() limit ${rowsMax} for update skip locked)`.execute(
        database,
      )
      return Number(numAffectedRows)
    },
  }
}

async function create(
  database: Kysely<Schema>,
  { organizationId, email, role, tokenHash, madeBy, replaces }: Parameters<InvitationStore['create']>[0],
): Promise<Invitation | undefined> {
  const made = {
    role,
    token_hash: tokenHash,
    expires_at: expiry,
    made_by_kind: madeBy.kind,
    made_by_id: madeBy.id,
  }
  const row = await database
    .insertInto('member_invitations')
    .values({ organization_id: organizationId, email, ...made })
    .onConflict((conflict) =>
      conflict
        .columns(['organization_id', 'email'])
        .doUpdateSet({ id: sql`gen_random_uuid()`, ...made })
        .where(sql<boolean>`(not ${isAlive} or member_invitations.id = ${replaces ?? null}::uuid)`),
    )
    .returning(columns)
    .executeTakeFirst()
  return invitationOf(row)
}

async function find(database: Kysely<Schema>, tokenHash: Buffer): Promise<FoundInvitation | undefined> {
  const row = await database
    .selectFrom('member_invitations')
    .innerJoin('organizations', 'organizations.id', 'member_invitations.organization_id')
    .select(columns)
    .select(['organizations.name', 'organizations.slug'])
    .select(['member_invitations.made_by_kind', 'member_invitations.made_by_id'])
    .select(
      sql<boolean>`exists (select from users where users.email = member_invitations.email)`.as('has_account'),
    )
    .where('member_invitations.token_hash', '=', tokenHash)
    .where(isAlive)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { made_by_kind: kind, made_by_id: id } = row
  return {
    ...toInvitation(row),
    madeBy: kind === null || id === null ? null : { kind, id },
    organization: { id: row.organization_id, name: row.name, slug: row.slug },
    hasAccount: row.has_account,
  }
}

async function list(
  database: Kysely<Schema>,
  organizationId: string,
  { offset, limit }: { offset: number; limit: number },
): Promise<{ invitations: Invitation[]; totalCount: number }> {
  const rows = await database
    .selectFrom('member_invitations')
    .select(columns)
    .where('organization_id', '=', organizationId)
    .where(isAlive)
    .orderBy('created_at')
    .orderBy('id')
    .offset(offset)
    .limit(limit)
    .execute()
  const { count } = await database
    .selectFrom('member_invitations')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('organization_id', '=', organizationId)
    .where(isAlive)
    .executeTakeFirstOrThrow()
  return { invitations: rows.map(toInvitation), totalCount: count }
}

function invitationOf(row: Row | undefined): Invitation | undefined {
  return row === undefined ? undefined : toInvitation(row)
}

function toInvitation(row: Row): Invitation {
  return {
    id: row.id,
    organizationId: row.organization_id,
    email: row.email,
    role: row.role,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}
