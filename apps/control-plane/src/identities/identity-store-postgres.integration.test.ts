import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
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
  createOrganization,
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

it('an identity is deleted while something is being attached to it, and neither waits for the other in a circle', async () => {
  const store = createIdentityStorePostgres(database.kysely)
  const organizationId = await createOrganization()
  const identity = { name: 'ci', role: 'no-access', hasDeleteProtection: false, metadata: [] } as const
  const { id } = await store.create({ organizationId, ...identity })
  const deleted = await database.kysely.transaction().execute(async (attaching) => {
    // The locks of a foreign key each, in the order of the table's foreign keys.
    await sql`select from identities where id = ${id} for key share`.execute(attaching)
    const deleting = store.delete(id, organizationId)
    await waitForLock()
    await sql`select from organizations where id = ${organizationId} for key share`.execute(attaching)
    return { deleting }
  })
  expect(await deleted.deleting).toMatchObject({ kind: 'done' })
})

async function createOrganization(): Promise<string> {
  const { id } = await database.kysely
    .insertInto('organizations')
    .values({ name: 'Acme', slug: randomUUID(), wrapped_key: Buffer.alloc(1) })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

/** Until another connection to this database waits for a lock. */
async function waitForLock(): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(database.kysely)
      return rows.length
    })
    .toBeGreaterThan(0)
}
