import { afterAll, beforeAll } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { createGatewayStorePostgres } from './gateway-store-postgres.ts'
import { describeGatewayStore } from './gateway-store.conformance.ts'
import { attachIdentity, createOrganization } from './test/gateway-fixtures.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 20 })
})
afterAll(() => database.close())

describeGatewayStore(() => ({
  store: createGatewayStorePostgres(database.kysely),
  createOrganization: () => createOrganization(database.kysely),
  attachIdentity: (organizationId, gatewayId, name) =>
    attachIdentity(database.kysely, organizationId, gatewayId, name),
}))
