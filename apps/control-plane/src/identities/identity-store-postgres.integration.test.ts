import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createIdentityStorePostgres } from './identity-store-postgres.ts'
import { describeIdentityStore } from './identity-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describeIdentityStore('PostgreSQL', () => ({
  store: createIdentityStorePostgres(database.kysely),
  createOrganization: async () => {
    const { id } = await database.kysely
      .insertInto('organizations')
      .values({ name: 'Acme', slug: randomUUID(), wrapped_key: Buffer.alloc(1) })
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  },
  attachKubernetesAuth: async (identityId, organizationId) => {
    await database.kysely
      .insertInto('kubernetes_auths')
      .values({
        identity_id: identityId,
        organization_id: organizationId,
        token_review_mode: 'api',
        kubernetes_host: 'https://cluster.example',
        verify_tls_certificate: true,
        allowed_namespaces: '*',
        allowed_names: '*',
        allowed_audience: '',
        access_token_ttl_seconds: 60,
        access_token_max_ttl_seconds: 60,
        access_token_num_uses_limit: 0,
        access_token_trusted_ips: '[]',
      })
      .execute()
  },
}))
