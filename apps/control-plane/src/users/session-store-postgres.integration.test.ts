import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createSessionStorePostgres } from './session-store-postgres.ts'
import { describeSessionStore } from './session-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describeSessionStore('PostgreSQL', async () => {
  const { kysely } = database
  await kysely.deleteFrom('users').execute()
  const [user, organization] = await Promise.all([
    kysely
      .insertInto('users')
      .values({ email: `${randomUUID()}@example.com`, password_hash: '' })
      .returning('id')
      .executeTakeFirstOrThrow(),
    kysely
      .insertInto('organizations')
      .values({ name: 'Acme', slug: randomUUID(), wrapped_key: Buffer.alloc(1) })
      .returning('id')
      .executeTakeFirstOrThrow(),
  ])
  await kysely
    .insertInto('organization_members')
    .values({ organization_id: organization.id, user_id: user.id, role: 'member' })
    .execute()
  const change = async (query: ReturnType<typeof sql>): Promise<void> => void (await query.execute(kysely))
  return {
    store: createSessionStorePostgres(kysely),
    userId: user.id,
    organizationId: organization.id,
    disableUser: () => change(sql`update users set is_disabled = true`),
    disableMember: () => change(sql`update organization_members set is_disabled = true`),
    setIdle: (seconds) =>
      change(sql`update user_sessions set last_used_at = now() - make_interval(secs => ${seconds})`),
    setExpired: () => change(sql`update user_sessions set expires_at = now() - interval '1 second'`),
  }
})
