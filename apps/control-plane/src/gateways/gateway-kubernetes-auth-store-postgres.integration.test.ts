import { createSecretKey, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createKeyringStore } from '../database/keyring-store.ts'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { type Keyring, openKeyring } from '../keyring/keyring.ts'
import type { GatewayPlace } from './gateway-kubernetes-auth-store.ts'
import { createGatewayKubernetesAuthStorePostgres } from './gateway-kubernetes-auth-store-postgres.ts'
import { describeGatewayKubernetesAuthStore } from './gateway-kubernetes-auth-store.conformance.ts'
import { createGatewayStorePostgres } from './gateway-store-postgres.ts'
import { createTestKey } from './test/gateway-tokens.ts'

let database: TestDatabase
let keyring: Keyring

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 12 })
  keyring = await openKeyring(createSecretKey(randomBytes(32)), createKeyringStore(database))
})
afterAll(() => database.close())

async function createOrganization(): Promise<string> {
  const { id } = await database.kysely
    .insertInto('organizations')
    .values({
      name: 'Acme',
      slug: randomBytes(8).toString('hex'),
      wrapped_key: keyring.createOrganizationKey(),
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

async function createGateway(organizationId: string): Promise<GatewayPlace> {
  const name = randomBytes(8).toString('hex')
  const outcome = await createGatewayStorePostgres(database.kysely).create({ organizationId, name })
  if (outcome.kind !== 'saved') throw new Error(outcome.kind)
  return { gatewayId: outcome.gateway.id, organizationId }
}

describeGatewayKubernetesAuthStore(() => {
  const gateways = createGatewayStorePostgres(database.kysely)
  return {
    store: createGatewayKubernetesAuthStorePostgres(database.kysely, keyring),
    createOrganization,
    createGateway,
    addKey: async ({ gatewayId }) => {
      const { keyId, raw } = createTestKey()
      await database.kysely
        .insertInto('gateway_keys')
        .values({ id: keyId, gateway_id: gatewayId, public_key: raw, retired_at: null })
        .execute()
      return keyId
    },
    revoke: async ({ gatewayId, organizationId }) => {
      await gateways.revoke(gatewayId, organizationId, new Date())
    },
    isRevoked: async ({ gatewayId, organizationId }) =>
      (await gateways.findGateway(gatewayId, organizationId))?.revokedAt !== null,
  }
})

it('an organization goes as a whole, gateways that vouch for others included', async () => {
  const store = createGatewayKubernetesAuthStorePostgres(database.kysely, keyring)
  const organizationId = await createOrganization()
  const [one, two] = [await createGateway(organizationId), await createGateway(organizationId)]
  const outcome = await store.save(
    two,
    {
      tokenReviewMode: 'gateway',
      kubernetesHost: null,
      caCert: '',
      verifyTlsCertificate: true,
      tokenReviewerJwt: null,
      reviewerGatewayId: one.gatewayId,
      allowedNamespaces: '*',
      allowedNames: '',
      allowedAudience: 'https://postern.example.com',
    },
    new Date(),
  )
  expect(outcome.kind).toBe('saved')
  await database.kysely.deleteFrom('organizations').where('id', '=', organizationId).execute()
  expect(await store.find(two.gatewayId)).toBeUndefined()
})
