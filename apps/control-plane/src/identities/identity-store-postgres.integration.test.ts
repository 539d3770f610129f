import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createOrganization } from '../database/test/create-organization.ts'
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
  createOrganization: () => createOrganization(database.kysely),
  createAdminPerson: async (organizationId) => {
    const { id } = await database.kysely
      .insertInto('users')
      .values({ email: `${randomUUID()}@example.com`, password_hash: 'none' })
      .returning('id')
      .executeTakeFirstOrThrow()
    await database.kysely
      .insertInto('organization_members')
      .values({ organization_id: organizationId, user_id: id, role: 'admin' })
      .execute()
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

it('an identity is deleted while something is being attached to it, and neither waits for the other in a circle', async () => {
  const store = createIdentityStorePostgres(database.kysely)
  const organizationId = await createOrganization(database.kysely)
  const identity = { name: 'ci', role: 'no-access', hasDeleteProtection: false, metadata: [] } as const
  const created = await store.create({ organizationId, ...identity })
  const deleted = await database.kysely.transaction().execute(async (attaching) => {
    // The locks of a foreign key each, in the order of the table's foreign keys.
    await sql`select from identities where id = ${created.id} for key share`.execute(attaching)
    const deleting = store.delete(created)
    await waitForLock()
    await sql`select from organizations where id = ${organizationId} for key share`.execute(attaching)
    return { deleting }
  })
  expect(await deleted.deleting).toMatchObject({ kind: 'done' })
})

it('last logins lock identities in the order of their ids, so that replicas never wait for each other in a circle', async () => {
  const store = createIdentityStorePostgres(database.kysely)
  const organizationId = await createOrganization(database.kysely)
  const [low, high] = [
    '10000000-0000-4000-8000-000000000000',
    '20000000-0000-4000-8000-000000000000',
  ] as const
  // Stored against the order of their ids.
  for (const id of [high, low]) {
    await database.kysely
      .insertInto('identities')
      .values({ id, organization_id: organizationId, name: 'ci', role: 'no-access' })
      .execute()
  }
  const logins = [high, low].map((identityId) => ({
    identityId,
    authMethod: 'kubernetes-auth' as const,
    at: new Date(),
  }))
  const { recording, free } = await database.kysely.transaction().execute(async (other) => {
    await sql`select from identities where id = ${high} for update`.execute(other)
    const recorded = store.recordLastLogins(logins)
    await waitForLock()
    const { rows } = await sql`select from identities where id = ${low} for update skip locked`.execute(other)
    return { recording: { recorded }, free: rows.length }
  })
  await recording.recorded
  expect(free).toBe(0)
})

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
