import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
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

it('does not wait in a circle: one is made that another vouches for, while that one is given the same name', async () => {
  const organizationId = await createOrganization(database.kysely)
  const store = createGatewayStorePostgres(database.kysely)
  const reviewer = await store.create({ organizationId, name: 'reviewer' })
  if (reviewer.kind !== 'saved') throw new Error('not created')
  const created = Promise.withResolvers<void>()
  const making = database.kysely.transaction().execute(async (transaction) => {
    const outcome = await createGatewayStorePostgres(transaction).create({ organizationId, name: 'new' })
    created.resolve()
    // Long enough for the renaming to wait for the name.
    await sleep(200)
    await transaction
      .selectFrom('gateways')
      .select('id')
      .where('id', '=', reviewer.gateway.id)
      .forKeyShare()
      .execute()
    return outcome.kind
  })
  await created.promise
  const renaming = store.rename(reviewer.gateway.id, organizationId, 'new')
  expect(await making).toBe('saved')
  expect(await renaming).toEqual({ kind: 'name-taken' })
})
