import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
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
  const createOrganization = async (): Promise<string> => {
    const { id } = await kysely
      .insertInto('organizations')
      .values({ name: 'Acme', slug: randomUUID(), wrapped_key: Buffer.alloc(1) })
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  }
  return {
    store: createMemberStorePostgres(kysely),
    organizationId: await createOrganization(),
    otherOrganizationId: await createOrganization(),
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
