import { afterAll, beforeAll } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createOrganizationStorePostgres } from './organization-store-postgres.ts'
import { describeOrganizationStore } from './organization-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describeOrganizationStore('PostgreSQL', async () => {
  await database.kysely.deleteFrom('users').execute()
  await database.kysely.deleteFrom('organizations').execute()
  return createOrganizationStorePostgres(database.kysely)
})
