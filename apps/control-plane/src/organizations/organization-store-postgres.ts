import { type Kysely, type Transaction, sql } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import type { FirstRows, OrganizationStore } from './organization-store.ts'

export function createOrganizationStorePostgres(database: Kysely<Schema>): OrganizationStore {
  return {
    find: (organizationId) =>
      database
        .selectFrom('organizations')
        .select(['id', 'name', 'slug'])
        .where('id', '=', organizationId)
        .executeTakeFirst(),
    isBootstrapped: () => isBootstrapped(database),
    bootstrap: (rows) => inTransaction(database, (transaction) => bootstrap(transaction, rows)),
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
    .values({ id: user.id, email: user.email, password_hash: user.passwordHash })
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
