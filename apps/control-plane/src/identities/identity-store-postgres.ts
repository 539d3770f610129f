import { type Kysely, type RawBuilder, type Selectable, type SqlBool, type Transaction, sql } from 'kysely'
import { jsonArrayFrom, jsonObjectFrom } from 'kysely/helpers/postgres'
import { authMethods } from '../access-tokens/access-token-settings.ts'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import type {
  ChangeOutcome,
  DeleteOutcome,
  Identity,
  IdentityChange,
  IdentityCore,
  IdentityPage,
  IdentitySearch,
  IdentityStore,
  JudgedIdentity,
  LastLogin,
  NewIdentity,
  SearchedTerms,
  SearchedText,
} from './identity-store.ts'

type Row = Selectable<Schema['identities']> & {
  has_kubernetes_auth: boolean
  has_universal_auth: boolean
  has_lockout: boolean
  metadata: Identity['metadata']
  custom_role: CustomRoleRow | null
}
/** As JSON has it: times are texts. */
type CustomRoleRow = Pick<
  Selectable<Schema['organization_roles']>,
  'id' | 'slug' | 'name' | 'description' | 'permissions'
> & { created_at: string; updated_at: string }
type Metadata = NewIdentity['metadata']

export function createIdentityStorePostgres(database: Kysely<Schema>): IdentityStore {
  return {
    create: (identity) => inTransaction(database, (transaction) => create(transaction, identity)),
    find: (identityId, organizationId) => find(database, identityId, organizationId),
    findMany: async (identityIds, organizationId) => {
      const rows = await selectIdentities(database, organizationId)
        .where(sql<SqlBool>`identities.id = any(${identityIds}::uuid[])`)
        .execute()
      return rows.map(identityOf)
    },
    list: (organizationId, page) => list(database, organizationId, page),
    search: (organizationId, search) => searchIdentities(database, organizationId, search),
    update: (identity, change) =>
      inTransaction(database, (transaction) => update(transaction, identity, change)),
    delete: (identity) => inTransaction(database, (transaction) => remove(transaction, identity)),
    findById: (identityId) => findCore(database, identityId),
    recordLastLogins: (logins) => recordLastLogins(database, logins),
  }
}

function selectIdentities(database: Kysely<Schema>, organizationId: string) {
  return database
    .selectFrom('identities')
    .selectAll('identities')
    .select((expression) => [
      sql<boolean>`exists (select from kubernetes_auths k where k.identity_id = identities.id)`.as(
        'has_kubernetes_auth',
      ),
      sql<boolean>`exists (select from universal_auths u where u.identity_id = identities.id)`.as(
        'has_universal_auth',
      ),
      sql<boolean>`exists (
        select from universal_auths u join universal_auth_lockouts l on l.universal_auth_id = u.id
        where u.identity_id = identities.id and u.is_lockout_enabled and l.locked_until > now()
      )`.as('has_lockout'),
      jsonArrayFrom(
        expression
          .selectFrom('identity_metadata')
          .select(['identity_metadata.id', 'identity_metadata.key', 'identity_metadata.value'])
          .whereRef('identity_metadata.identity_id', '=', 'identities.id')
          .orderBy('identity_metadata.key'),
      ).as('metadata'),
      jsonObjectFrom(
        expression
          .selectFrom('organization_roles as r')
          .select([
            'r.id',
            'r.slug',
            'r.name',
            'r.description',
            'r.permissions',
            'r.created_at',
            'r.updated_at',
          ])
          .whereRef('r.organization_id', '=', 'identities.organization_id')
          .whereRef('r.slug', '=', 'identities.role'),
      ).as('custom_role'),
    ])
    .where('identities.organization_id', '=', organizationId)
}

async function find(
  database: Kysely<Schema>,
  identityId: string,
  organizationId: string,
): Promise<Identity | undefined> {
  const row = await selectIdentities(database, organizationId)
    .where('identities.id', '=', identityId)
    .executeTakeFirst()
  return row === undefined ? undefined : identityOf(row)
}

async function list(
  database: Kysely<Schema>,
  organizationId: string,
  { offset, limit, search, projectId }: Parameters<IdentityStore['list']>[1],
): Promise<IdentityPage> {
  const isNamed =
    search === undefined
      ? sql<boolean>`true`
      : sql<boolean>`strpos(lower(identities.name), lower(${search})) > 0`
  const isFound =
    projectId === undefined
      ? isNamed
      : sql<boolean>`${isNamed} and identities.project_id = ${projectId}::uuid`
  return pageOf(database, organizationId, isFound, { offset, limit, order: [sql`identities.created_at`] })
}

const columnOf = {
  name: sql`identities.name`,
  role: sql`identities.role`,
  createdAt: sql`identities.created_at`,
}

async function searchIdentities(
  database: Kysely<Schema>,
  organizationId: string,
  { name, role, anyOf, orderBy, isDescending, offset, limit }: IdentitySearch,
): Promise<IdentityPage> {
  const any =
    anyOf === undefined ? [] : [sql<SqlBool>`(${sql.join([sql`false`, ...anyOf.map(holds)], sql` or `)})`]
  const isFound = sql<SqlBool>`(${sql.join([holds({ name, role }), ...any], sql` and `)})`
  const column = columnOf[orderBy]
  return pageOf(database, organizationId, isFound, {
    offset,
    limit,
    order: [isDescending ? sql`${column} desc` : column],
  })
}

function holds({ name, role }: SearchedTerms): RawBuilder<SqlBool> {
  const terms = [...termsOf(columnOf.name, name), ...termsOf(columnOf.role, role)]
  return sql<SqlBool>`(${sql.join([sql`true`, ...terms], sql` and `)})`
}

function termsOf(column: RawBuilder<unknown>, text: SearchedText = {}): RawBuilder<SqlBool>[] {
  const { contains, equals, isOneOf } = text
  return [
    ...(contains === undefined ? [] : [sql<SqlBool>`strpos(lower(${column}), lower(${contains})) > 0`]),
    ...(equals === undefined ? [] : [sql<SqlBool>`${column} = ${equals}`]),
    ...(isOneOf === undefined ? [] : [sql<SqlBool>`${column} = any(${isOneOf}::text[])`]),
  ]
}

interface Slice {
  offset: number
  limit: number
  order: readonly RawBuilder<unknown>[]
}

async function pageOf(
  database: Kysely<Schema>,
  organizationId: string,
  isFound: RawBuilder<SqlBool>,
  { offset, limit, order }: Slice,
): Promise<IdentityPage> {
  const rows = await selectIdentities(database, organizationId)
    .where(isFound)
    .orderBy(sql.join([...order, sql`identities.id`]))
    .offset(offset)
    .limit(limit)
    .execute()
  const { count } = await database
    .selectFrom('identities')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('identities.organization_id', '=', organizationId)
    .where(isFound)
    .executeTakeFirstOrThrow()
  return { identities: rows.map(identityOf), totalCount: count }
}

async function findCore(database: Kysely<Schema>, identityId: string): Promise<IdentityCore | undefined> {
  const row = await database
    .selectFrom('identities')
    .select(['id', 'organization_id', 'name', 'role', 'is_disabled', 'has_delete_protection'])
    .where('id', '=', identityId)
    .executeTakeFirst()
  return row === undefined
    ? undefined
    : {
        id: row.id,
        organizationId: row.organization_id,
        name: row.name,
        role: row.role,
        isDisabled: row.is_disabled,
        hasDeleteProtection: row.has_delete_protection,
      }
}

async function create(transaction: Transaction<Schema>, identity: NewIdentity): Promise<Identity> {
  const { id } = await transaction
    .insertInto('identities')
    .values({
      organization_id: identity.organizationId,
      project_id: identity.projectId ?? null,
      name: identity.name,
      role: identity.role,
      has_delete_protection: identity.hasDeleteProtection,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  await insertMetadata(transaction, id, identity.metadata)
  return findWritten(transaction, id, identity.organizationId)
}

async function update(
  transaction: Transaction<Schema>,
  judged: JudgedIdentity,
  change: IdentityChange,
): Promise<ChangeOutcome> {
  const { id, organizationId } = judged
  await lockOrganization(transaction, organizationId)
  const before = await find(transaction, id, organizationId)
  if (before === undefined) return { kind: 'unknown' }
  if (before.role !== judged.role) return { kind: 'role-changed' }
  const stopsBeingAdmin = change.isDisabled === true || (change.role !== undefined && change.role !== 'admin')
  if (stopsBeingAdmin && (await isLastAdmin(transaction, before))) return { kind: 'last-admin' }
  await transaction
    .updateTable('identities')
    .set({
      name: change.name ?? before.name,
      role: change.role ?? before.role,
      has_delete_protection: change.hasDeleteProtection ?? before.hasDeleteProtection,
      is_disabled: change.isDisabled ?? before.isDisabled,
      updated_at: sql`now()`,
    })
    .where('id', '=', id)
    .execute()
  if (change.metadata !== undefined) {
    await transaction.deleteFrom('identity_metadata').where('identity_id', '=', id).execute()
    await insertMetadata(transaction, id, change.metadata)
  }
  return { kind: 'done', identity: await findWritten(transaction, id, organizationId) }
}

async function remove(
  transaction: Transaction<Schema>,
  { id, organizationId, role }: JudgedIdentity,
): Promise<DeleteOutcome> {
  await lockOrganization(transaction, organizationId)
  const identity = await find(transaction, id, organizationId)
  if (identity === undefined) return { kind: 'unknown' }
  if (identity.role !== role) return { kind: 'role-changed' }
  if (identity.hasDeleteProtection) return { kind: 'protected' }
  if (await isLastAdmin(transaction, identity)) return { kind: 'last-admin' }
  await transaction.deleteFrom('identities').where('id', '=', id).execute()
  return { kind: 'done', identity }
}

/**
 * Two admins that remove each other at once must not both succeed. No key update: whoever attaches something to an
 * identity locks that identity before the organization, and would wait for a deletion that waits for them.
 */
async function lockOrganization(transaction: Transaction<Schema>, organizationId: string): Promise<void> {
  await transaction
    .selectFrom('organizations')
    .select('id')
    .where('id', '=', organizationId)
    .forNoKeyUpdate()
    .execute()
}

/** People and machines both can make another one. */
async function isLastAdmin(transaction: Transaction<Schema>, identity: Identity): Promise<boolean> {
  if (identity.role !== 'admin' || identity.isDisabled) return false
  const { organizationId, id } = identity
  const { rows } = await sql`
    select from identities
     where organization_id = ${organizationId} and role = 'admin' and not is_disabled and id <> ${id}
    union all
    select from organization_members m join users u on u.id = m.user_id
     where m.organization_id = ${organizationId} and m.role = 'admin' and not m.is_disabled and not u.is_disabled
     limit 1`.execute(transaction)
  return rows.length === 0
}

async function insertMetadata(
  transaction: Transaction<Schema>,
  identityId: string,
  metadata: Metadata,
): Promise<void> {
  if (metadata.length === 0) return
  const rows = metadata.map(({ key, value }) => ({ identity_id: identityId, key, value }))
  await transaction.insertInto('identity_metadata').values(rows).execute()
}

async function findWritten(
  transaction: Transaction<Schema>,
  identityId: string,
  organizationId: string,
): Promise<Identity> {
  return identityOf(
    await selectIdentities(transaction, organizationId)
      .where('identities.id', '=', identityId)
      .executeTakeFirstOrThrow(),
  )
}

/** Rows are locked in the order of their ids, so that two replicas never wait for each other in a circle. */
async function recordLastLogins(database: Kysely<Schema>, logins: readonly LastLogin[]): Promise<void> {
  if (logins.length === 0) return
  const ids = logins.map(({ identityId }) => identityId)
  const methods = logins.map(({ authMethod }) => authMethod)
  const times = logins.map(({ at }) => at.toISOString())
  await sql`
    with locked as materialized (
      select id from identities where id = any(${ids}::uuid[]) order by id for no key update
    )
    update identities
       set last_login_auth_method = login.auth_method, last_login_at = login.at
      from unnest(${ids}::uuid[], ${methods}::text[], ${times}::timestamptz[]) as login (identity_id, auth_method, at)
      join locked on locked.id = login.identity_id
     where identities.id = login.identity_id
       and (identities.last_login_at is null or identities.last_login_at < login.at)`.execute(database)
}

function identityOf(row: Row): Identity {
  return {
    id: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    name: row.name,
    role: row.role,
    customRole: customRoleOf(row),
    hasDeleteProtection: row.has_delete_protection,
    isDisabled: row.is_disabled,
    authMethods: [
      ...(row.has_kubernetes_auth ? (['kubernetes-auth'] as const) : []),
      ...(row.has_universal_auth ? (['universal-auth'] as const) : []),
    ],
    activeLockoutAuthMethods: row.has_lockout ? ['universal-auth'] : [],
    lastLoginAuthMethod: authMethodOf(row.last_login_auth_method),
    lastLoginAt: row.last_login_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    metadata: row.metadata,
  }
}

function authMethodOf(text: string | null): Identity['lastLoginAuthMethod'] {
  return authMethods.find((authMethod) => authMethod === text) ?? null
}

function customRoleOf({ organization_id: organizationId, custom_role: role }: Row): Identity['customRole'] {
  if (role === null) return null
  const { id, slug, name, description, permissions, created_at: createdAt, updated_at: updatedAt } = role
  return {
    id,
    organizationId,
    slug,
    name,
    description,
    permissions,
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
  }
}
