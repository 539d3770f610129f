import { sql } from 'kysely'
import { afterAll, beforeAll } from 'vitest'
import { createOrganization } from '../database/test/create-organization.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createInvitationStorePostgres } from './invitation-store-postgres.ts'
import { describeInvitationStore } from './invitation-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describeInvitationStore('PostgreSQL', async () => {
  const { kysely } = database
  await kysely.deleteFrom('organizations').execute()
  await kysely.deleteFrom('users').execute()
  return {
    store: createInvitationStorePostgres(kysely),
    organizationId: await createOrganization(kysely),
    otherOrganizationId: await createOrganization(kysely),
    createUser: async (email) => {
      await kysely.insertInto('users').values({ email, password_hash: '' }).execute()
    },
    setExpired: async () => {
      await sql`update member_invitations set expires_at = now() - interval '1 second'`.execute(kysely)
    },
  }
})
