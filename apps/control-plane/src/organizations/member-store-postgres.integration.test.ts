import { afterAll, beforeAll } from 'vitest'
import { createOrganization } from '../database/test/create-organization.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createMemberStorePostgres } from './member-store-postgres.ts'
import { describeMemberStore } from './member-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describeMemberStore('PostgreSQL', async () => {
  const { kysely } = database
  await kysely.deleteFrom('users').execute()
  return {
    store: createMemberStorePostgres(kysely),
    organizationId: await createOrganization(kysely),
    otherOrganizationId: await createOrganization(kysely),
    disableUser: async (userId) => {
      await kysely.updateTable('users').set({ is_disabled: true }).where('id', '=', userId).execute()
    },
    createUser: async (email, name) => {
      const { id } = await kysely
        .insertInto('users')
        .values({ email, name, password_hash: '' })
        .returning('id')
        .executeTakeFirstOrThrow()
      return id
    },
  }
})
