import { sql } from 'kysely'
import { afterAll, beforeAll } from 'vitest'
import { createOrganization } from '../database/test/create-organization.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createProjectMemberStorePostgres } from './project-member-store-postgres.ts'
import { createProjectStorePostgres } from './project-store-postgres.ts'
import { describeProjectStore } from './project-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describeProjectStore('PostgreSQL', async () => {
  const { kysely } = database
  const organizationId = await createOrganization(kysely)
  const members = createProjectMemberStorePostgres(kysely)
  return {
    store: createProjectStorePostgres(kysely),
    organizationId,
    otherOrganizationId: await createOrganization(kysely),
    createIdentity: async (projectId) => {
      const { id } = await kysely
        .insertInto('identities')
        .values({
          organization_id: organizationId,
          name: 'ci',
          role: 'no-access',
          project_id: projectId ?? null,
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      return id
    },
    addMember: async (projectId, identityId, role, time) => {
      const temporary = time === undefined ? null : { range: '1d', from: time.from, until: time.until }
      const added = await members.add({
        projectId,
        organizationId,
        who: { kind: 'identity', identityId },
        roles: [{ role: { builtIn: role }, time: temporary }],
      })
      if (added.kind !== 'added') throw new Error(`not added: ${added.kind}`)
    },
    addProjects: async (count) => {
      await sql`insert into projects (organization_id, name, slug, type)
        select ${organizationId}, 'Project', 'project-' || number, 'secret-manager'
          from generate_series(1, ${count}::int) as number`.execute(kysely)
    },
  }
})
