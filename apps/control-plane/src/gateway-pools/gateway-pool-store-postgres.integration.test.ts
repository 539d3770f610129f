import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { createOrganization } from '../gateways/test/gateway-fixtures.ts'
import { createGatewayPoolStorePostgres } from './gateway-pool-store-postgres.ts'
import { describeGatewayPoolStore } from './gateway-pool-store.conformance.ts'
import { createPoolMemberStorePostgres } from './pool-member-store-postgres.ts'
import { attachIdentityToPool, createGateway } from './test/gateway-pool-fixtures.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 12 })
})
afterAll(() => database.close())

describeGatewayPoolStore(() => ({
  store: {
    ...createGatewayPoolStorePostgres(database.kysely),
    ...createPoolMemberStorePostgres(database.kysely),
  },
  createOrganization: () => createOrganization(database.kysely),
  createGateway: (organizationId, name) => createGateway(database.kysely, organizationId, name),
  deleteGateway: async (gatewayId) => {
    await database.kysely.deleteFrom('gateways').where('id', '=', gatewayId).execute()
  },
  attachIdentity: (organizationId, gatewayPoolId, name) =>
    attachIdentityToPool(database.kysely, organizationId, gatewayPoolId, name),
}))

it('a Kubernetes Auth never names both a gateway and a pool', async () => {
  const store = createGatewayPoolStorePostgres(database.kysely)
  const organizationId = await createOrganization(database.kysely)
  const gatewayId = await createGateway(database.kysely, organizationId, 'berlin')
  const outcome = await store.create({ organizationId, name: 'berlin' })
  if (outcome.kind !== 'saved') throw new Error('not created')
  await attachIdentityToPool(database.kysely, organizationId, outcome.pool.id, 'api')
  const naming = sql`update kubernetes_auths set gateway_id = ${gatewayId}`.execute(database.kysely)
  await expect(naming).rejects.toMatchObject({ constraint: 'kubernetes_auths_one_way_to_the_cluster' })
})
