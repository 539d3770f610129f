import { type Kysely, type Transaction, sql } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import type {
  JudgedMember,
  Member,
  MemberChange,
  MemberOutcome,
  MemberPage,
  MemberStore,
} from './member-store.ts'

export function createMemberStorePostgres(database: Kysely<Schema>): MemberStore {
  return {
    list: (organizationId, page) => list(database, organizationId, page),
    findMembership: async (organizationId, membershipId) =>
      memberOf(
        await selectMembers(database, organizationId)
          .where('organization_members.id', '=', membershipId)
          .executeTakeFirst(),
      ),
    findMember: async (organizationId, userId) =>
      memberOf(
        await selectMembers(database, organizationId)
          .where('organization_members.user_id', '=', userId)
          .executeTakeFirst(),
      ),
    roleOfEnabled: async (organizationId, userId) => {
      const row = await selectMembers(database, organizationId)
        .where('organization_members.user_id', '=', userId)
        .where('organization_members.is_disabled', '=', false)
        .where('users.is_disabled', '=', false)
        .executeTakeFirst()
      return row?.role
    },
    findMembersByEmail: async (organizationId, emails) => {
      if (emails.length === 0) return []
      const rows = await selectMembers(database, organizationId)
        .where('users.email', 'in', [...emails])
        .execute()
      return rows.map(toMember)
    },
    add: (member) => add(database, member),
    update: (member, change) => inTransaction(database, (transaction) => update(transaction, member, change)),
    remove: (member) => inTransaction(database, (transaction) => remove(transaction, member)),
  }
}

function selectMembers(database: Kysely<Schema>, organizationId: string) {
  return database
    .selectFrom('organization_members')
    .innerJoin('users', 'users.id', 'organization_members.user_id')
    .select([
      'organization_members.id',
      'organization_members.organization_id',
      'organization_members.user_id',
      'organization_members.role',
      'organization_members.is_disabled',
      'organization_members.created_at',
      'organization_members.updated_at',
      'users.email',
      'users.name',
      'users.last_login_at',
    ])
    .where('organization_members.organization_id', '=', organizationId)
}

type Row = Awaited<ReturnType<ReturnType<typeof selectMembers>['executeTakeFirstOrThrow']>>

async function list(
  database: Kysely<Schema>,
  organizationId: string,
  { offset, limit, search }: { offset: number; limit: number; search?: string | undefined },
): Promise<MemberPage> {
  const isFound =
    search === undefined
      ? sql<boolean>`true`
      : sql<boolean>`(strpos(users.email, lower(${search})) > 0 or strpos(lower(users.name), lower(${search})) > 0)`
  const rows = await selectMembers(database, organizationId)
    .where(isFound)
    .orderBy('organization_members.created_at')
    .orderBy('organization_members.id')
    .offset(offset)
    .limit(limit)
    .execute()
  const { count } = await database
    .selectFrom('organization_members')
    .innerJoin('users', 'users.id', 'organization_members.user_id')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('organization_members.organization_id', '=', organizationId)
    .where(isFound)
    .executeTakeFirstOrThrow()
  return { members: rows.map(toMember), totalCount: count }
}

async function add(
  database: Kysely<Schema>,
  { organizationId, userId, role }: { organizationId: string; userId: string; role: string },
): Promise<Member | undefined> {
  const added = await database
    .insertInto('organization_members')
    .values({ organization_id: organizationId, user_id: userId, role })
    .onConflict((conflict) => conflict.columns(['organization_id', 'user_id']).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (added === undefined) return undefined
  return memberOf(
    await selectMembers(database, organizationId)
      .where('organization_members.id', '=', added.id)
      .executeTakeFirst(),
  )
}

async function update(
  transaction: Transaction<Schema>,
  judged: JudgedMember,
  change: MemberChange,
): Promise<MemberOutcome> {
  const checked = await lockAndCheck(transaction, judged, (member) => ({
    role: change.role ?? member.role,
    isDisabled: change.isDisabled ?? member.isDisabled,
  }))
  if (checked.kind !== 'done') return checked
  const { member } = checked
  await transaction
    .updateTable('organization_members')
    .set({
      role: change.role ?? member.role,
      is_disabled: change.isDisabled ?? member.isDisabled,
      updated_at: sql`now()`,
    })
    .where('id', '=', member.id)
    .execute()
  const changed = await selectMembers(transaction, member.organizationId)
    .where('organization_members.id', '=', member.id)
    .executeTakeFirstOrThrow()
  return { kind: 'done', member: toMember(changed) }
}

async function remove(transaction: Transaction<Schema>, judged: JudgedMember): Promise<MemberOutcome> {
  const checked = await lockAndCheck(transaction, judged, () => ({ role: '', isDisabled: true }))
  if (checked.kind !== 'done') return checked
  await transaction.deleteFrom('organization_members').where('id', '=', checked.member.id).execute()
  return checked
}

/**
 * Of changes at once the second waits here for the first and sees what it left: two admins that remove each other do not both
 * succeed.
 */
async function lockAndCheck(
  transaction: Transaction<Schema>,
  { id, organizationId, role }: JudgedMember,
  after: (member: Member) => { role: string; isDisabled: boolean },
): Promise<MemberOutcome> {
  await transaction
    .selectFrom('organizations')
    .select('id')
    .where('id', '=', organizationId)
    .forNoKeyUpdate()
    .execute()
  const member = memberOf(
    await selectMembers(transaction, organizationId)
      .where('organization_members.id', '=', id)
      .executeTakeFirst(),
  )
  if (member === undefined) return { kind: 'unknown' }
  if (member.role !== role) return { kind: 'role-changed' }
  if (isEnabledAdmin(member) && !isEnabledAdmin(after(member)) && (await isOnlyAdmin(transaction, member)))
    return { kind: 'last-admin' }
  return { kind: 'done', member }
}

function isEnabledAdmin({ role, isDisabled }: { role: string; isDisabled: boolean }): boolean {
  return role === 'admin' && !isDisabled
}

/** Whose account is disabled cannot administer either. */
async function isOnlyAdmin(transaction: Transaction<Schema>, member: Member): Promise<boolean> {
  const other = await transaction
    .selectFrom('organization_members')
    .innerJoin('users', 'users.id', 'organization_members.user_id')
    .select('organization_members.id')
    .where('organization_members.organization_id', '=', member.organizationId)
    .where('organization_members.role', '=', 'admin')
    .where('organization_members.is_disabled', '=', false)
    .where('users.is_disabled', '=', false)
    .where('organization_members.id', '!=', member.id)
    .limit(1)
    .executeTakeFirst()
  return other === undefined
}

function memberOf(row: Row | undefined): Member | undefined {
  return row === undefined ? undefined : toMember(row)
}

function toMember(row: Row): Member {
  return {
    id: row.id,
    organizationId: row.organization_id,
    userId: row.user_id,
    email: row.email,
    name: row.name,
    role: row.role,
    isDisabled: row.is_disabled,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastLoginAt: row.last_login_at,
  }
}
