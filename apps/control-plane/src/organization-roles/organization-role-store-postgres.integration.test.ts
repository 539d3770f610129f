import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createOrganizationRoleStorePostgres } from './organization-role-store-postgres.ts'
import { describeOrganizationRoleStore } from './organization-role-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

async function createOrganization(): Promise<string> {
  const { id } = await database.kysely
    .insertInto('organizations')
    .values({ name: 'Acme', slug: randomUUID(), wrapped_key: Buffer.from('k') })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

describeOrganizationRoleStore('PostgreSQL', () => ({
  store: createOrganizationRoleStorePostgres(database.kysely),
  createOrganization,
  createIdentity: async (organizationId, role) => {
    await database.kysely
      .insertInto('identities')
      .values({ organization_id: organizationId, name: 'ci', role })
      .execute()
  },
}))

it('a new slug is that of whoever accepts an invitation at the same time', async () => {
  const store = createOrganizationRoleStorePostgres(database.kysely)
  const organizationId = await createOrganization()
  const draft = { organizationId, slug: 'deployer', name: 'Deployer', description: '', permissions: [] }
  const created = await store.create(draft)
  if (created.kind !== 'saved') throw new Error(created.kind)
  const invitation = {
    organization_id: organizationId,
    email: `${randomUUID()}@example.com`,
    role: 'deployer',
    token_hash: Buffer.from(randomUUID()),
    expires_at: new Date(Date.now() + 60_000),
  }
  await database.kysely.insertInto('member_invitations').values(invitation).execute()
  const { id: userId } = await database.kysely
    .insertInto('users')
    .values({ email: invitation.email, password_hash: '' })
    .returning('id')
    .executeTakeFirstOrThrow()

  const { renaming } = await database.kysely.transaction().execute(async (acceptance) => {
    const { role } = await acceptance
      .deleteFrom('member_invitations')
      .where('organization_id', '=', organizationId)
      .returning('role')
      .executeTakeFirstOrThrow()
    const member = { organization_id: organizationId, user_id: userId, role }
    await acceptance.insertInto('organization_members').values(member).execute()
    const renaming = store.update(created.role, { slug: 'shipper' })
    await waitForLock()
    return { renaming }
  })
  expect((await renaming).kind).toBe('saved')
  const members = await database.kysely
    .selectFrom('organization_members')
    .select('role')
    .where('organization_id', '=', organizationId)
    .execute()
  expect(members).toEqual([{ role: 'shipper' }])
})

/** Until another connection to this database waits for a lock. */
async function waitForLock(): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(database.kysely)
      return rows.length
    })
    .toBeGreaterThan(0)
}
