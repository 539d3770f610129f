import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createInvitationStorePostgres } from './invitation-store-postgres.ts'
import { describeInvitationStore } from './invitation-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describeInvitationStore('PostgreSQL', async () => {
  const { kysely } = database
  await kysely.deleteFrom('organizations').execute()
  await kysely.deleteFrom('users').execute()
  const createOrganization = async (): Promise<string> => {
    const { id } = await kysely
      .insertInto('organizations')
      .values({ name: 'Acme', slug: randomUUID(), wrapped_key: Buffer.alloc(1) })
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  }
  return {
    store: createInvitationStorePostgres(kysely),
    organizationId: await createOrganization(),
    otherOrganizationId: await createOrganization(),
    createUser: async (email) => {
      await kysely.insertInto('users').values({ email, password_hash: '' }).execute()
    },
    setExpired: async () => {
      await sql`update member_invitations set expires_at = now() - interval '1 second'`.execute(kysely)
    },
  }
})
