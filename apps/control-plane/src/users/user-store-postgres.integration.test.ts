import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
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
      const { id } = await kysely
        .insertInto('organizations')
        .values({ name: 'Acme', slug: randomUUID(), wrapped_key: Buffer.alloc(1) })
        .returning('id')
        .executeTakeFirstOrThrow()
      await kysely
        .insertInto('organization_members')
        .values({ organization_id: id, user_id: userId, role: 'member', is_disabled: isDisabled })
        .execute()
      return id
    },
  }
})
