import { type Kysely, type Selectable, type Transaction, sql } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import type { ProjectRule } from '../permissions/project-rights.ts'
import { projectLimits } from './project-limits.ts'
import type {
  CreateRoleOutcome,
  DeleteRoleOutcome,
  NewProjectRole,
  ProjectRole,
  ProjectRoleChange,
  ProjectRoleStore,
  UpdateRoleOutcome,
} from './project-role-store.ts'

type Row = Omit<Selectable<Schema['project_roles']>, 'rules'> & { rules: ProjectRule[] }

export function createProjectRoleStorePostgres(database: Kysely<Schema>): ProjectRoleStore {
  return {
    create: (role) => inTransaction(database, (transaction) => create(transaction, role)),
    update: (roleId, projectId, change) =>
      inTransaction(database, (transaction) => update(transaction, roleId, projectId, change)),
    delete: (roleId, projectId) =>
      inTransaction(database, (transaction) => remove(transaction, roleId, projectId)),
    list: (projectId) => list(database, projectId),
    findProjectId: async (roleId, organizationId) => {
      const row = await database
        .selectFrom('project_roles as r')
        .innerJoin('projects as p', 'p.id', 'r.project_id')
        .select('p.id')
        .where('r.id', '=', roleId)
        .where('p.organization_id', '=', organizationId)
        .executeTakeFirst()
      return row?.id
    },
  }
}

async function list(database: Kysely<Schema>, projectId: string): Promise<ProjectRole[]> {
  const rows = await database
    .selectFrom('project_roles')
    .selectAll()
    .where('project_id', '=', projectId)
    .orderBy('slug')
    .$castTo<Row>()
    .execute()
  return rows.map(roleOf)
}

function roleOf(row: Row): ProjectRole {
  return {
    id: row.id,
    projectId: row.project_id,
    slug: row.slug,
    name: row.name,
    description: row.description,
    rules: row.rules,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/**
 * Whoever changes roles of one project, or grants them, waits here for whoever does so already: a role that is being
 * deleted is granted to nobody.
 */
async function lockAndList(transaction: Transaction<Schema>, projectId: string): Promise<ProjectRole[]> {
  await transaction.selectFrom('projects').select('id').where('id', '=', projectId).forNoKeyUpdate().execute()
  return list(transaction, projectId)
}

async function create(transaction: Transaction<Schema>, draft: NewProjectRole): Promise<CreateRoleOutcome> {
  const others = await lockAndList(transaction, draft.projectId)
  if (others.some(({ slug }) => slug === draft.slug)) return { kind: 'slug-taken' }
  if (others.length >= projectLimits.rolesPerProject) return { kind: 'too-many' }
  const { projectId, slug, name, description, rules } = draft
  const row = await transaction
    .insertInto('project_roles')
    .values({ project_id: projectId, slug, name, description, rules: JSON.stringify(rules) })
    .returningAll()
    .$castTo<Row>()
    .executeTakeFirstOrThrow()
  return { kind: 'created', role: roleOf(row) }
}

async function update(
  transaction: Transaction<Schema>,
  roleId: string,
  projectId: string,
  change: ProjectRoleChange,
): Promise<UpdateRoleOutcome> {
  const all = await lockAndList(transaction, projectId)
  const before = all.find(({ id }) => id === roleId)
  if (before === undefined) return { kind: 'unknown' }
  if (all.some(({ id, slug }) => id !== roleId && slug === change.slug)) return { kind: 'slug-taken' }
  const row = await transaction
    .updateTable('project_roles')
    .set({
      slug: change.slug ?? before.slug,
      name: change.name ?? before.name,
      description: change.description === undefined ? before.description : change.description,
      rules: JSON.stringify(change.rules ?? before.rules),
      updated_at: sql`now()`,
    })
    .where('id', '=', roleId)
    .returningAll()
    .$castTo<Row>()
    .executeTakeFirstOrThrow()
  return { kind: 'updated', role: roleOf(row) }
}

async function remove(
  transaction: Transaction<Schema>,
  roleId: string,
  projectId: string,
): Promise<DeleteRoleOutcome> {
  const role = (await lockAndList(transaction, projectId)).find(({ id }) => id === roleId)
  if (role === undefined) return { kind: 'unknown' }
  const { count } = await transaction
    .selectFrom('project_member_roles')
    .select(sql<number>`count(distinct project_member_id)::int`.as('count'))
    .where('custom_role_id', '=', roleId)
    .executeTakeFirstOrThrow()
  if (count > 0) return { kind: 'in-use', memberCount: count }
  await transaction.deleteFrom('project_roles').where('id', '=', roleId).execute()
  return { kind: 'deleted', role }
}
