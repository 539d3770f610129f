import { afterAll, beforeAll } from 'vitest'
import { createOrganization } from '../database/test/create-organization.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createUserStorePostgres } from './user-store-postgres.ts'
import { describeUserStore } from './user-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describeUserStore('PostgreSQL', async () => {
  const { kysely } = database
  await kysely.deleteFrom('users').execute()
  return {
    store: createUserStorePostgres(kysely),
    disable: async (userId) => {
      await kysely.updateTable('users').set({ is_disabled: true }).where('id', '=', userId).execute()
    },
    join: async (userId, { isDisabled }) => {
      const id = await createOrganization(kysely)
      await kysely
        .insertInto('organization_members')
        .values({ organization_id: id, user_id: userId, role: 'member', is_disabled: isDisabled })
        .execute()
      return id
    },
  }
})
