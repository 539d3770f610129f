import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Schema } from '../../database/schema.ts'
import { createOrganization } from '../../gateways/test/gateway-fixtures.ts'

export interface PlainProject {
  projectId: string
  /** Of the environments, in the order asked for. */
  environmentIds: readonly [string, string]
}

/** A project in an organization of its own, with two environments and nothing in them. */
export async function createProject(database: Kysely<Schema>): Promise<PlainProject> {
  const { id: projectId } = await database
    .insertInto('projects')
    .values({
      organization_id: await createOrganization(database),
      name: 'Shop',
      slug: randomUUID(),
      type: 'secret-manager',
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  const createEnvironment = async (slug: string, position: number): Promise<string> => {
    const values = { project_id: projectId, name: slug, slug, position }
    const created = database.insertInto('project_environments').values(values).returning('id')
    return (await created.executeTakeFirstOrThrow()).id
  }
  return {
    projectId,
    environmentIds: [await createEnvironment('dev', 1), await createEnvironment('prod', 2)],
  }
}
