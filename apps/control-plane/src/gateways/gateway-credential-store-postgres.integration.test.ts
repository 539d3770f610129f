import { afterAll, beforeAll } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { createGatewayCredentialStorePostgres } from './gateway-credential-store-postgres.ts'
import { describeGatewayCredentialStore } from './gateway-credential-store.conformance.ts'
import { createGatewayStorePostgres } from './gateway-store-postgres.ts'
import { createOrganization } from './test/gateway-fixtures.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 20 })
})
afterAll(() => database.close())

describeGatewayCredentialStore(() => ({
  credentials: createGatewayCredentialStorePostgres(database.kysely),
  gateways: createGatewayStorePostgres(database.kysely),
  createOrganization: () => createOrganization(database.kysely),
  usedTokenIdCount: async () => {
    const { count } = await database.kysely
      .selectFrom('gateway_used_token_ids')
      .select((row) => row.fn.countAll().as('count'))
      .executeTakeFirstOrThrow()
    return Number(count)
  },
}))
