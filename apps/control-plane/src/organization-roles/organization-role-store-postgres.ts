import { type Kysely, type Selectable, type SqlBool, sql } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import type {
  CreateRoleOutcome,
  CustomRole,
  CustomRoleChange,
  NewCustomRole,
  OrganizationRoleStore,
  RoleCarriers,
  UpdateRoleOutcome,
} from './organization-role-store.ts'

type Row = Selectable<Schema['organization_roles']>

const rolesMax = 200

export function createOrganizationRoleStorePostgres(database: Kysely<Schema>): OrganizationRoleStore {
  const byId = (roleId: string, organizationId: string) =>
    ofOrganization(database, organizationId).where('id', '=', roleId)
  const bySlug = (slug: string, organizationId: string) =>
    ofOrganization(database, organizationId).where('slug', '=', slug)
  return {
    find: async (roleId, organizationId) => found(await byId(roleId, organizationId).executeTakeFirst()),
    findBySlug: async (slug, organizationId) => found(await bySlug(slug, organizationId).executeTakeFirst()),
    findForRights: async (slug, organizationId) => {
      const [role] = await ofOrganization(database, organizationId)
        .where(
          sql<SqlBool>`(slug = ${slug} or (previous_slug = ${slug} and renamed_at > now() - interval '10 seconds'))`,
        )
        .orderBy(sql`slug = ${slug}`, 'desc')
        .limit(1)
        .execute()
      return found(role)
    },
    list: async (organizationId) => {
      const rows = await ofOrganization(database, organizationId).orderBy('slug').execute()
      return rows.map(roleOf)
    },
    create: (role) => inTransaction(database, (transaction) => create(transaction, role)),
    hold: async (slug, organizationId) =>
      found(await bySlug(slug, organizationId).forShare().executeTakeFirst()),
    findToChange: async (roleId, organizationId) =>
      found(await byId(roleId, organizationId).forUpdate().executeTakeFirst()),
    update: (role, change) => inTransaction(database, (transaction) => update(transaction, role, change)),
    carriersOf: (role) => carriersOf(database, role),
    delete: async ({ id }) => {
      await database.deleteFrom('organization_roles').where('id', '=', id).execute()
    },
  }
}

function ofOrganization(database: Kysely<Schema>, organizationId: string) {
  return database
    .selectFrom('organization_roles')
    .selectAll('organization_roles')
    .where('organization_id', '=', organizationId)
}

async function create(
  database: Kysely<Schema>,
  { organizationId, slug, name, description, permissions }: NewCustomRole,
): Promise<CreateRoleOutcome> {
  // One after the other: of two that are made at once the second counts the first.
  await database
    .selectFrom('organizations')
    .select('id')
    .where('id', '=', organizationId)
    .forNoKeyUpdate()
    .execute()
  const { count } = await database
    .selectFrom('organization_roles')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow()
  if (count >= rolesMax) return { kind: 'too-many', rolesMax }
  const row = await database
    .insertInto('organization_roles')
    .values({
      organization_id: organizationId,
      slug,
      name,
      description,
      permissions: JSON.stringify(permissions),
    })
    .onConflict((conflict) => conflict.columns(['organization_id', 'slug']).doNothing())
    .returningAll()
    .executeTakeFirst()
  return row === undefined ? { kind: 'slug-taken' } : { kind: 'saved', role: roleOf(row) }
}

async function update(
  database: Kysely<Schema>,
  before: CustomRole,
  change: CustomRoleChange,
): Promise<UpdateRoleOutcome> {
  const { id, organizationId } = before
  const slug = change.slug ?? before.slug
  if (slug !== before.slug) {
    // An insert that is under way with the same slug would fail this statement: it holds the organization.
    await database
      .selectFrom('organizations')
      .select('id')
      .where('id', '=', organizationId)
      .forNoKeyUpdate()
      .execute()
    const other = await ofOrganization(database, organizationId).where('slug', '=', slug).executeTakeFirst()
    if (other !== undefined) return { kind: 'slug-taken' }
  }
  const row = await database
    .updateTable('organization_roles')
    .set({
      slug,
      name: change.name ?? before.name,
      description: change.description ?? before.description,
      permissions: JSON.stringify(change.permissions ?? before.permissions),
      updated_at: sql`now()`,
      ...(slug !== before.slug && { previous_slug: before.slug, renamed_at: sql`now()` }),
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  if (slug !== before.slug) await rename(database, before, slug)
  return { kind: 'saved', role: roleOf(row) }
}

async function rename(
  database: Kysely<Schema>,
  { organizationId, slug: before }: CustomRole,
  role: string,
): Promise<void> {
  // Invitations first: one that is being accepted holds this up, and whom it lets in is then found among the members.
  for (const table of ['member_invitations', 'identities', 'organization_members'] as const) {
    await database
      .updateTable(table)
      .set({ role })
      .where('organization_id', '=', organizationId)
      .where('role', '=', before)
      .execute()
  }
  await database
    .updateTable('organizations')
    .set({ default_member_role: role })
    .where('id', '=', organizationId)
    .where('default_member_role', '=', before)
    .execute()
}

async function carriersOf(
  database: Kysely<Schema>,
  { organizationId, slug }: CustomRole,
): Promise<RoleCarriers> {
  const { rows } = await sql<RoleCarriers>`
    select
      (select count(*)::int from identities where organization_id = ${organizationId} and role = ${slug}) as identities,
      (select count(*)::int from organization_members where organization_id = ${organizationId} and role = ${slug}) as members,
      (select count(*)::int from member_invitations where organization_id = ${organizationId} and role = ${slug}) as invitations,
      exists (select from organizations where id = ${organizationId} and default_member_role = ${slug}) as "isDefault"
  `.execute(database)
  const [carriers] = rows
  return carriers ?? { identities: 0, members: 0, invitations: 0, isDefault: false }
}

function found(row: Row | undefined): CustomRole | undefined {
  return row === undefined ? undefined : roleOf(row)
}

function roleOf(row: Row): CustomRole {
  return {
    id: row.id,
    organizationId: row.organization_id,
    slug: row.slug,
    name: row.name,
    description: row.description,
    permissions: row.permissions,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
