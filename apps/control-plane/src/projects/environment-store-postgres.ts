import { type Kysely, type Transaction, sql } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import { lockContents } from '../database/lock-contents.ts'
import type { Schema } from '../database/schema.ts'
import type {
  CreateEnvironmentOutcome,
  DeleteEnvironmentOutcome,
  EnvironmentChange,
  EnvironmentStore,
  NewEnvironment,
  UpdateEnvironmentOutcome,
} from './environment-store.ts'
import { projectLimits } from './project-limits.ts'
import type { Environment } from './project-store.ts'

export function createEnvironmentStorePostgres(database: Kysely<Schema>): EnvironmentStore {
  return {
    create: (environment) => inTransaction(database, (transaction) => create(transaction, environment)),
    update: (environmentId, projectId, change) =>
      inTransaction(database, (transaction) => update(transaction, environmentId, projectId, change)),
    delete: (environmentId, projectId) =>
      inTransaction(database, (transaction) => remove(transaction, environmentId, projectId)),
    findProjectId: async (environmentId, organizationId) => {
      const row = await database
        .selectFrom('project_environments as e')
        .innerJoin('projects as p', 'p.id', 'e.project_id')
        .select('p.id')
        .where('e.id', '=', environmentId)
        .where('p.organization_id', '=', organizationId)
        .executeTakeFirst()
      return row?.id
    },
  }
}

/** By position. Whoever changes environments of one project waits here for whoever does so already. */
async function lockAndList(transaction: Transaction<Schema>, projectId: string): Promise<Environment[]> {
  await transaction.selectFrom('projects').select('id').where('id', '=', projectId).forNoKeyUpdate().execute()
  return transaction
    .selectFrom('project_environments')
    .select(['id', 'project_id as projectId', 'name', 'slug', 'position'])
    .select(['created_at as createdAt', 'updated_at as updatedAt'])
    .where('project_id', '=', projectId)
    .orderBy('position')
    .orderBy('id')
    .execute()
}

async function create(
  transaction: Transaction<Schema>,
  { projectId, name, slug, position }: NewEnvironment,
): Promise<CreateEnvironmentOutcome> {
  const others = await lockAndList(transaction, projectId)
  if (others.some((other) => other.slug === slug)) return { kind: 'slug-taken' }
  if (others.length >= projectLimits.environmentsPerProject) return { kind: 'too-many' }
  const { id } = await transaction
    .insertInto('project_environments')
    .values({ project_id: projectId, name, slug, position: others.length + 1 })
    .returning('id')
    .executeTakeFirstOrThrow()
  const ids = others.map((other) => other.id)
  await order(transaction, placed(ids, id, position ?? others.length + 1))
  return { kind: 'created', environment: await read(transaction, id) }
}

async function update(
  transaction: Transaction<Schema>,
  environmentId: string,
  projectId: string,
  { name, slug, position }: EnvironmentChange,
): Promise<UpdateEnvironmentOutcome> {
  const all = await lockAndList(transaction, projectId)
  const before = all.find(({ id }) => id === environmentId)
  if (before === undefined) return { kind: 'unknown' }
  const others = all.filter(({ id }) => id !== environmentId)
  if (others.some((other) => other.slug === slug)) return { kind: 'slug-taken' }
  await transaction
    .updateTable('project_environments')
    .set({ name: name ?? before.name, slug: slug ?? before.slug, updated_at: sql`now()` })
    .where('id', '=', environmentId)
    .execute()
  const ids = others.map(({ id }) => id)
  await order(transaction, placed(ids, environmentId, position ?? all.indexOf(before) + 1))
  return { kind: 'updated', environment: await read(transaction, environmentId) }
}

async function remove(
  transaction: Transaction<Schema>,
  environmentId: string,
  projectId: string,
): Promise<DeleteEnvironmentOutcome> {
  const all = await lockAndList(transaction, projectId)
  const environment = all.find(({ id }) => id === environmentId)
  if (environment === undefined) return { kind: 'unknown' }
  await lockContents(transaction)
  const gone = await countWithin(transaction, environmentId)
  await transaction.deleteFrom('project_environments').where('id', '=', environmentId).execute()
  await order(
    transaction,
    all.map(({ id }) => id).filter((id) => id !== environmentId),
  )
  return { kind: 'deleted', environment, gone }
}

async function countWithin(transaction: Transaction<Schema>, environmentId: string) {
  const { rows } = await sql<{ folders: number; secrets: number }>`
    select (select count(*)::int from secret_folders where environment_id = ${environmentId}) as folders,
           (select count(*)::int from secrets s join secret_folders f on f.id = s.folder_id
             where f.environment_id = ${environmentId}) as secrets`.execute(transaction)
  return rows[0] ?? { folders: 0, secrets: 0 }
}

/** Position 1 is the first; what lies beyond the last is the last. */
function placed(others: readonly string[], id: string, position: number): string[] {
  return others.toSpliced(position - 1, 0, id)
}

async function order(transaction: Transaction<Schema>, ids: readonly string[]): Promise<void> {
  await sql`
    update project_environments
       set position = wanted.position
      from unnest(${ids}::uuid[]) with ordinality as wanted (id, position)
     where project_environments.id = wanted.id
       and project_environments.position <> wanted.position`.execute(transaction)
}

function read(transaction: Transaction<Schema>, environmentId: string): Promise<Environment> {
  return transaction
    .selectFrom('project_environments')
    .select(['id', 'project_id as projectId', 'name', 'slug', 'position'])
    .select(['created_at as createdAt', 'updated_at as updatedAt'])
    .where('id', '=', environmentId)
    .executeTakeFirstOrThrow()
}
