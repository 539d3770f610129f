import { type Kysely, type Selectable, type SqlBool, type Transaction, sql } from 'kysely'
import { jsonArrayFrom } from 'kysely/helpers/postgres'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import { projectLimits } from './project-limits.ts'
import type {
  AddMemberOutcome,
  GrantedRole,
  MemberRole,
  NewProjectMember,
  OwnRole,
  Page,
  PersonInProject,
  ProjectMember,
  ProjectMemberStore,
} from './project-member-store.ts'
import type { MemberKey } from './project-store.ts'

export function createProjectMemberStorePostgres(database: Kysely<Schema>): ProjectMemberStore {
  return {
    add: (member) => inTransaction(database, (transaction) => add(transaction, member)),
    setRoles: (memberId, roles) =>
      inTransaction(database, (transaction) => setRoles(transaction, memberId, roles)),
    remove: async (memberId) => {
      const { numDeletedRows } = await database
        .deleteFrom('project_members')
        .where('id', '=', memberId)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },
    find: async (projectId, who) => {
      const row = await selectMembers(database)
        .where('m.project_id', '=', projectId)
        .where(isWho(who))
        .executeTakeFirst()
      return row === undefined ? undefined : memberOf(row)
    },
    findById: async (memberId, organizationId) => {
      const row = await selectMembers(database)
        .where('m.id', '=', memberId)
        .where('m.organization_id', '=', organizationId)
        .executeTakeFirst()
      return row === undefined ? undefined : memberOf(row)
    },
    listOf: async (who, organizationId) => {
      const rows = await selectMembers(database)
        .where(isWho(who))
        .where('m.organization_id', '=', organizationId)
        .execute()
      return rows.map(memberOf)
    },
    listIdentities: (projectId, page) => listIdentities(database, projectId, page),
    listPeople: async (projectId) => {
      const rows = await selectPeople(database, projectId).orderBy('m.created_at').orderBy('m.id').execute()
      return rows.map(personOf)
    },
    findPerson: async (projectId, by) => {
      const row = await selectPeople(database, projectId)
        .where((expression) => {
          if ('memberId' in by) return expression('m.id', '=', by.memberId)
          if ('userId' in by) return expression('u.id', '=', by.userId)
          return expression('u.email', '=', by.email)
        })
        .executeTakeFirst()
      return row === undefined ? undefined : personOf(row)
    },
    listAvailableIdentities: (projectId, organizationId, page) =>
      listAvailableIdentities(database, projectId, organizationId, page),
  }
}

interface MemberRow extends Selectable<Schema['project_members']> {
  roles: RoleJson[]
}

/** As a row within JSON: times are texts. */
interface RoleJson {
  id: string
  role: string | null
  own: OwnRole | null
  temporary_range: string | null
  temporary_from: string | null
  temporary_until: string | null
  created_at: string
  updated_at: string
}

interface PersonRow extends MemberRow {
  email: string
  name: string
}

function isWho(who: MemberKey) {
  return who.kind === 'identity'
    ? sql<SqlBool>`m.identity_id = ${who.identityId}::uuid`
    : sql<SqlBool>`m.user_id = ${who.userId}::uuid`
}

function selectMembers(database: Kysely<Schema>) {
  return database
    .selectFrom('project_members as m')
    .selectAll('m')
    .select((expression) => [
      jsonArrayFrom(
        expression
          .selectFrom('project_member_roles as r')
          .leftJoin('project_roles as o', 'o.id', 'r.custom_role_id')
          .select(['r.id', 'r.role', 'r.temporary_range', 'r.temporary_from', 'r.temporary_until'])
          .select(['r.created_at', 'r.updated_at'])
          .select(
            sql<OwnRole | null>`case when o.id is not null then
              jsonb_build_object('id', o.id, 'name', o.name, 'slug', o.slug, 'rules', o.rules) end`.as('own'),
          )
          .whereRef('r.project_member_id', '=', 'm.id')
          .orderBy('r.position'),
      ).as('roles'),
    ])
    .$castTo<MemberRow>()
}

function selectPeople(database: Kysely<Schema>, projectId: string) {
  return selectMembers(database)
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select(['u.email', 'u.name'])
    .where('m.project_id', '=', projectId)
    .$castTo<PersonRow>()
}

function memberOf(row: MemberRow): ProjectMember {
  return {
    id: row.id,
    projectId: row.project_id,
    organizationId: row.organization_id,
    who:
      row.identity_id === null
        ? { kind: 'user', userId: row.user_id ?? '' }
        : { kind: 'identity', identityId: row.identity_id },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    roles: row.roles.map(roleOf),
  }
}

function personOf(row: PersonRow): PersonInProject {
  return { ...memberOf(row), email: row.email, name: row.name }
}

function roleOf(json: RoleJson): MemberRole {
  const { temporary_range: range, temporary_from: from, temporary_until: until } = json
  return {
    id: json.id,
    builtIn: json.role,
    own: json.own,
    time:
      range === null || from === null || until === null
        ? null
        : { range, from: new Date(from), until: new Date(until) },
    createdAt: new Date(json.created_at),
    updatedAt: new Date(json.updated_at),
  }
}

async function add(transaction: Transaction<Schema>, draft: NewProjectMember): Promise<AddMemberOutcome> {
  const { projectId, organizationId, who, roles } = draft
  if (!(await lockProject(transaction, projectId))) return { kind: 'unknown' }
  if (await isMember(transaction, projectId, who)) return { kind: 'already-a-member' }
  if (!(await areOfProject(transaction, projectId, roles))) return { kind: 'role-gone' }
  const { count } = await transaction
    .selectFrom('project_members')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow()
  if (count >= projectLimits.membersPerProject) return { kind: 'too-many' }
  if (!(await isOfOrganization(transaction, organizationId, who))) return { kind: 'unknown' }
  const { id } = await transaction
    .insertInto('project_members')
    .values({
      project_id: projectId,
      organization_id: organizationId,
      identity_id: who.kind === 'identity' ? who.identityId : null,
      user_id: who.kind === 'user' ? who.userId : null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  await insertRoles(transaction, id, roles)
  return { kind: 'added', member: await read(transaction, id) }
}

/** Whoever grants roles of a project, or changes them, waits here for whoever does so already. */
async function lockProject(transaction: Transaction<Schema>, projectId: string): Promise<boolean> {
  const row = await transaction
    .selectFrom('projects')
    .select('id')
    .where('id', '=', projectId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row !== undefined
}

async function areOfProject(
  transaction: Transaction<Schema>,
  projectId: string,
  roles: readonly GrantedRole[],
): Promise<boolean> {
  const ids = roles.flatMap(({ role }) => ('ownRoleId' in role ? [role.ownRoleId] : []))
  if (ids.length === 0) return true
  const rows = await transaction
    .selectFrom('project_roles')
    .select('id')
    .where('project_id', '=', projectId)
    .where(sql<SqlBool>`id = any(${ids}::uuid[])`)
    .execute()
  return rows.length === new Set(ids).size
}

async function isMember(
  transaction: Transaction<Schema>,
  projectId: string,
  who: MemberKey,
): Promise<boolean> {
  const row = await transaction
    .selectFrom('project_members as m')
    .select('m.id')
    .where('m.project_id', '=', projectId)
    .where(isWho(who))
    .executeTakeFirst()
  return row !== undefined
}

/** Whoever deletes the identity, or takes the person out of the organization, waits until this change is done. */
async function isOfOrganization(
  transaction: Transaction<Schema>,
  organizationId: string,
  who: MemberKey,
): Promise<boolean> {
  const row =
    who.kind === 'identity'
      ? await transaction
          .selectFrom('identities')
          .select('id')
          .where('id', '=', who.identityId)
          .where('organization_id', '=', organizationId)
          .forKeyShare()
          .executeTakeFirst()
      : await transaction
          .selectFrom('organization_members')
          .select('id')
          .where('user_id', '=', who.userId)
          .where('organization_id', '=', organizationId)
          .forKeyShare()
          .executeTakeFirst()
  return row !== undefined
}

async function setRoles(
  transaction: Transaction<Schema>,
  memberId: string,
  roles: readonly GrantedRole[],
): Promise<ProjectMember | 'unknown' | 'role-gone'> {
  const row = await transaction
    .selectFrom('project_members')
    .select('project_id')
    .where('id', '=', memberId)
    .executeTakeFirst()
  if (row === undefined || !(await lockProject(transaction, row.project_id))) return 'unknown'
  if (!(await areOfProject(transaction, row.project_id, roles))) return 'role-gone'
  const { numUpdatedRows } = await transaction
    .updateTable('project_members')
    .set({ updated_at: sql`now()` })
    .where('id', '=', memberId)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return 'unknown'
  await transaction.deleteFrom('project_member_roles').where('project_member_id', '=', memberId).execute()
  await insertRoles(transaction, memberId, roles)
  return read(transaction, memberId)
}

async function insertRoles(
  transaction: Transaction<Schema>,
  memberId: string,
  roles: readonly GrantedRole[],
): Promise<void> {
  if (roles.length === 0) return
  const rows = roles.map(({ role, time }, position) => ({
    project_member_id: memberId,
    role: 'builtIn' in role ? role.builtIn : null,
    custom_role_id: 'ownRoleId' in role ? role.ownRoleId : null,
    position,
    is_temporary: time !== null,
    temporary_range: time?.range ?? null,
    temporary_from: time?.from ?? null,
    temporary_until: time?.until ?? null,
  }))
  await transaction.insertInto('project_member_roles').values(rows).execute()
}

async function read(transaction: Transaction<Schema>, memberId: string): Promise<ProjectMember> {
  return memberOf(await selectMembers(transaction).where('m.id', '=', memberId).executeTakeFirstOrThrow())
}

async function listIdentities(
  database: Kysely<Schema>,
  projectId: string,
  { offset, limit, search }: Page,
): Promise<{ members: ProjectMember[]; totalCount: number }> {
  const isFound = isNamed(search)
  const rows = await selectMembers(database)
    .innerJoin('identities as i', 'i.id', 'm.identity_id')
    .where('m.project_id', '=', projectId)
    .where(isFound)
    .orderBy('m.created_at')
    .orderBy('m.id')
    .offset(offset)
    .limit(limit)
    .execute()
  const { count } = await database
    .selectFrom('project_members as m')
    .innerJoin('identities as i', 'i.id', 'm.identity_id')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('m.project_id', '=', projectId)
    .where(isFound)
    .executeTakeFirstOrThrow()
  return { members: rows.map(memberOf), totalCount: count }
}

function isNamed(search: string | undefined) {
  return search === undefined ? sql<SqlBool>`true` : sql<SqlBool>`strpos(lower(i.name), lower(${search})) > 0`
}

async function listAvailableIdentities(
  database: Kysely<Schema>,
  projectId: string,
  organizationId: string,
  { offset, limit, search }: Page,
): Promise<{ identities: { id: string; name: string }[]; totalCount: number }> {
  const available = database
    .selectFrom('identities as i')
    .where('i.organization_id', '=', organizationId)
    .where('i.project_id', 'is', null)
    .where(isNamed(search))
    .where(
      sql<SqlBool>`not exists (
        select from project_members m where m.project_id = ${projectId}::uuid and m.identity_id = i.id)`,
    )
  const { count } = await available.select(sql<number>`count(*)::int`.as('count')).executeTakeFirstOrThrow()
  const identities = await available
    .select(['i.id', 'i.name'])
    .orderBy('i.name')
    .orderBy('i.id')
    .offset(offset)
    .limit(limit)
    .execute()
  return { identities, totalCount: count }
}
