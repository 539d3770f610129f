import { createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createKeyringStore } from '../database/keyring-store.ts'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { type Keyring, openKeyring } from '../keyring/keyring.ts'
import { createKubernetesAuthStorePostgres } from './kubernetes-auth-store-postgres.ts'
import { describeKubernetesAuthStore } from './kubernetes-auth-store.conformance.ts'

let database: TestDatabase
let keyring: Keyring

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 8 })
  keyring = await openKeyring(createSecretKey(randomBytes(32)), createKeyringStore(database))
})
afterAll(() => database.close())

async function createIdentity(): Promise<{ id: string; organizationId: string }> {
  const slug = randomUUID()
  const organization = await database.kysely
    .insertInto('organizations')
    .values({ name: slug, slug, wrapped_key: keyring.createOrganizationKey() })
    .returning('id')
    .executeTakeFirstOrThrow()
  const identity = await database.kysely
    .insertInto('identities')
    .values({
      organization_id: organization.id,
      name: 'payments',
      role: 'no-access',
      last_login_auth_method: null,
      last_login_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { id: identity.id, organizationId: organization.id }
}

describeKubernetesAuthStore(() => ({
  store: createKubernetesAuthStorePostgres(database.kysely, keyring),
  createIdentity,
  createGateway: async (organizationId) => {
    const row = await database.kysely
      .insertInto('gateways')
      .values({ organization_id: organizationId, name: 'berlin', last_connected_at: null, revoked_at: null })
      .returning('id')
      .executeTakeFirstOrThrow()
    return row.id
  },
  createPool: async (organizationId) => {
    const row = await database.kysely
      .insertInto('gateway_pools')
      .values({ organization_id: organizationId, name: 'berlin' })
      .returning('id')
      .executeTakeFirstOrThrow()
    return row.id
  },
  organizationSlug: async (organizationId) => {
    const row = await database.kysely
      .selectFrom('organizations')
      .select('slug')
      .where('id', '=', organizationId)
      .executeTakeFirstOrThrow()
    return row.slug
  },
}))

it('D9: keeps reviewer JWT and CA where a dump of the database does not show them', async () => {
  const store = createKubernetesAuthStorePostgres(database.kysely, keyring)
  const identity = await createIdentity()
  await store.attach(identity, {
    tokenReviewMode: 'api',
    kubernetesHost: 'cluster.example',
    caCert: 'canary-of-the-ca',
    verifyTlsCertificate: true,
    tokenReviewerJwt: 'canary.of.the-jwt',
    allowedNamespaces: '*',
    allowedNames: '',
    allowedAudience: '',
    gatewayId: null,
    gatewayPoolId: null,
    accessToken: { ttlSeconds: 60, maxTtlSeconds: 60, numUsesLimit: 0, trustedIps: [] },
  })
  const row = await database.kysely
    .selectFrom('kubernetes_auths')
    .selectAll()
    .where('identity_id', '=', identity.id)
    .executeTakeFirstOrThrow()
  const stored = Object.values(row).map((value) =>
    Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value),
  )
  expect(stored.join()).not.toContain('canary')
  expect(row.ca_cert_encrypted?.length).toBeGreaterThan(0)
})
