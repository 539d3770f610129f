import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createOrganizationRoleStorePostgres } from './organization-role-store-postgres.ts'
import { describeOrganizationRoleStore } from './organization-role-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describeOrganizationRoleStore('PostgreSQL', () => ({
  store: createOrganizationRoleStorePostgres(database.kysely),
  createOrganization: async () => {
    const { id } = await database.kysely
      .insertInto('organizations')
      .values({ name: 'Acme', slug: randomUUID(), wrapped_key: Buffer.from('k') })
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  },
  createIdentity: async (organizationId, role) => {
    await database.kysely
      .insertInto('identities')
      .values({ organization_id: organizationId, name: 'ci', role })
      .execute()
  },
}))
