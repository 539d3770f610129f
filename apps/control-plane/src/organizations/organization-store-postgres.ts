import { type Kysely, type Selectable, type Transaction, sql } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import { isUniqueViolation } from '../database/sql-state.ts'
import type {
  FirstRows,
  OrganizationChange,
  OrganizationDetails,
  OrganizationOutcome,
  OrganizationStore,
} from './organization-store.ts'

export function createOrganizationStorePostgres(database: Kysely<Schema>): OrganizationStore {
  return {
    find: (organizationId) =>
      database
        .selectFrom('organizations')
        .select(['id', 'name', 'slug'])
        .where('id', '=', organizationId)
        .executeTakeFirst(),
    read: async (organizationId) => {
      const row = await database
        .selectFrom('organizations')
        .select(columns)
        .where('id', '=', organizationId)
        .executeTakeFirst()
      return row === undefined ? undefined : detailsOf(row)
    },
    listOf: (userId) => listOf(database, userId),
    update: (organizationId, change) => update(database, organizationId, change),
    isBootstrapped: () => isBootstrapped(database),
    bootstrap: (rows) => inTransaction(database, (transaction) => bootstrap(transaction, rows)),
  }
}

const columns = [
  'organizations.id',
  'organizations.name',
  'organizations.slug',
  'organizations.default_member_role',
  'organizations.created_at',
  'organizations.updated_at',
] as const
type Row = Pick<
  Selectable<Schema['organizations']>,
  'id' | 'name' | 'slug' | 'default_member_role' | 'created_at' | 'updated_at'
>

const listedMax = 1000

async function listOf(database: Kysely<Schema>, userId: string): Promise<OrganizationDetails[]> {
  const rows = await database
    .selectFrom('organizations')
    .innerJoin('organization_members', 'organization_members.organization_id', 'organizations.id')
    .select(columns)
    .where('organization_members.user_id', '=', userId)
    .where('organization_members.is_disabled', '=', false)
    .orderBy('organization_members.created_at')
    .orderBy('organizations.id')
    .limit(listedMax)
    .execute()
  return rows.map(detailsOf)
}

async function update(
  database: Kysely<Schema>,
  organizationId: string,
  { name, slug, defaultMemberRole }: OrganizationChange,
): Promise<OrganizationOutcome> {
  try {
    const row = await database
      .updateTable('organizations')
      .set({
        ...(name !== undefined && { name }),
        ...(slug !== undefined && { slug }),
        ...(defaultMemberRole !== undefined && { default_member_role: defaultMemberRole }),
        updated_at: sql`now()`,
      })
      .where('id', '=', organizationId)
      .returning(columns)
      .executeTakeFirst()
    return row === undefined ? { kind: 'unknown' } : { kind: 'done', organization: detailsOf(row) }
  } catch (error) {
    // The slug is all that is unique among what was set.
    if (isUniqueViolation(error)) return { kind: 'slug-taken' }
    throw error
  }
}

function detailsOf(row: Row): OrganizationDetails {
  return {
    id: row.id,
    name: row.name,
    slug: row.slug,
    defaultMemberRole: row.default_member_role,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

async function isBootstrapped(database: Kysely<Schema>): Promise<boolean> {
  return (await database.selectFrom('organizations').select('id').limit(1).executeTakeFirst()) !== undefined
}

async function bootstrap(
  transaction: Transaction<Schema>,
  { organization, user, identity }: FirstRows,
): Promise<'done' | 'already-bootstrapped'> {
  // Readers go on; a second bootstrap waits here until the first has committed, and then finds its row.
  await sql`lock table organizations in share row exclusive mode`.execute(transaction)
  if (await isBootstrapped(transaction)) return 'already-bootstrapped'
  const { id, name, slug, wrappedKey } = organization
  await transaction.insertInto('organizations').values({ id, name, slug, wrapped_key: wrappedKey }).execute()
  await transaction
    .insertInto('users')
    .values({
      id: user.id,
      email: user.email,
      name: user.name ?? '',
      password_hash: user.passwordHash,
    })
    .execute()
  await transaction
    .insertInto('organization_members')
    .values({ organization_id: id, user_id: user.id, role: 'admin' })
    .execute()
  await transaction
    .insertInto('identities')
    .values({ id: identity.id, organization_id: id, name: identity.name, role: 'admin' })
    .execute()
  return 'done'
}
