import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll } from 'vitest'
import { createOrganization } from '../database/test/create-organization.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createPasswordResetStorePostgres } from './password-reset-store-postgres.ts'
import { describePasswordResetStore } from './password-reset-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describePasswordResetStore('PostgreSQL', async () => {
  const { kysely } = database
  await kysely.deleteFrom('users').execute()
  const email = `${randomUUID()}@example.com`
  const { id: userId } = await kysely
    .insertInto('users')
    .values({ email, password_hash: '' })
    .returning('id')
    .executeTakeFirstOrThrow()
  const join = async (): Promise<string> => {
    const id = await createOrganization(kysely)
    await kysely
      .insertInto('organization_members')
      .values({ organization_id: id, user_id: userId, role: 'member' })
      .execute()
    return id
  }
  const organizationId = await join()
  const change = async (query: ReturnType<typeof sql>): Promise<void> => void (await query.execute(kysely))
  return {
    store: createPasswordResetStorePostgres(kysely),
    userId,
    email,
    organizationId,
    disableUser: () => change(sql`update users set is_disabled = true`),
    disableMember: () => change(sql`update organization_members set is_disabled = true`),
    joinOtherOrganization: async () => void (await join()),
    joinProject: async () => {
      const { id } = await kysely
        .insertInto('projects')
        .values({
          organization_id: organizationId,
          name: 'Payments',
          slug: 'payments',
          type: 'secret-manager',
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      await kysely
        .insertInto('project_members')
        .values({ project_id: id, organization_id: organizationId, user_id: userId })
        .execute()
    },
    setExpired: () => change(sql`update password_resets set expires_at = now() - interval '1 second'`),
  }
})
