import { type Kysely, type Selectable, type SqlBool, type Transaction, sql } from 'kysely'
import { jsonArrayFrom } from 'kysely/helpers/postgres'
import { randomInt } from 'node:crypto'
import { inTransaction } from '../database/commit.ts'
import { lockContents } from '../database/lock-contents.ts'
import type { Schema } from '../database/schema.ts'
import { slugOf } from '../organizations/slug.ts'
import type { ProjectRule } from '../permissions/project-rights.ts'
import { projectLimits } from './project-limits.ts'
import type {
  CreateProjectOutcome,
  DeletedWithProject,
  DeleteProjectOutcome,
  Environment,
  HeldRole,
  MemberKey,
  NewProject,
  Project,
  ProjectChange,
  ProjectSnapshot,
  ProjectStore,
  UpdateProjectOutcome,
} from './project-store.ts'

type ProjectRow = Selectable<Schema['projects']>

export function createProjectStorePostgres(database: Kysely<Schema>): ProjectStore {
  return {
    create: (project) => inTransaction(database, (transaction) => create(transaction, project)),
    update: (projectId, organizationId, change) =>
      inTransaction(database, (transaction) => update(transaction, projectId, organizationId, change)),
    delete: (projectId, organizationId) =>
      inTransaction(database, (transaction) => remove(transaction, projectId, organizationId)),
    findSnapshot: async (organizationId, key, member) => {
      const row = await selectSnapshots(database, organizationId, member)
        .where((expression) =>
          'id' in key ? expression('projects.id', '=', key.id) : expression('projects.slug', '=', key.slug),
        )
        .executeTakeFirst()
      return row === undefined ? undefined : snapshotOf(row)
    },
    listSnapshots: async (organizationId, member, { all }) => {
      const rows = await selectSnapshots(database, organizationId, member)
        .where(all ? sql<SqlBool>`true` : isMember(member))
        .orderBy('projects.created_at')
        .orderBy('projects.id')
        .execute()
      return rows.map(snapshotOf)
    },
  }
}

interface SnapshotRow extends ProjectRow {
  is_member: boolean
  environments: EnvironmentJson[]
  held_roles: {
    role: string | null
    own_slug: string | null
    rules: ProjectRule[] | null
    temporary_from: string | null
    temporary_until: string | null
  }[]
}

/** As a row within JSON: times are texts. */
interface EnvironmentJson {
  id: string
  project_id: string
  name: string
  slug: string
  position: number
  created_at: string | Date
  updated_at: string | Date
}

function isMember(member: MemberKey) {
  return sql<boolean>`exists (
    select from project_members m where m.project_id = projects.id and ${isOfMember(member)})`
}

function isOfMember(member: MemberKey) {
  return member.kind === 'identity'
    ? sql<SqlBool>`m.identity_id = ${member.identityId}::uuid`
    : sql<SqlBool>`m.user_id = ${member.userId}::uuid`
}

function selectSnapshots(database: Kysely<Schema>, organizationId: string, member: MemberKey) {
  return database
    .selectFrom('projects')
    .selectAll('projects')
    .select((expression) => [
      isMember(member).as('is_member'),
      jsonArrayFrom(
        expression
          .selectFrom('project_environments as e')
          .selectAll('e')
          .whereRef('e.project_id', '=', 'projects.id')
          .orderBy('e.position'),
      ).as('environments'),
      jsonArrayFrom(
        expression
          .selectFrom('project_member_roles as r')
          .innerJoin('project_members as m', 'm.id', 'r.project_member_id')
          .leftJoin('project_roles as o', 'o.id', 'r.custom_role_id')
          .select(['r.role', 'o.slug as own_slug', 'r.temporary_from', 'r.temporary_until'])
          .select(sql<ProjectRule[] | null>`o.rules`.as('rules'))
          .whereRef('m.project_id', '=', 'projects.id')
          .where(isOfMember(member))
          .orderBy('r.id'),
      ).as('held_roles'),
    ])
    .where('projects.organization_id', '=', organizationId)
    .$castTo<SnapshotRow>()
}

function snapshotOf(row: SnapshotRow): ProjectSnapshot {
  return {
    project: projectOf(row),
    environments: row.environments.map(environmentOf),
    heldRoles: row.is_member ? row.held_roles.flatMap(heldRoleOf) : undefined,
  }
}

function heldRoleOf({
  role,
  own_slug,
  rules,
  temporary_from,
  temporary_until,
}: SnapshotRow['held_roles'][number]): HeldRole[] {
  const slug = role ?? own_slug
  if (slug === null) return []
  const time =
    temporary_from === null || temporary_until === null
      ? null
      : { from: new Date(temporary_from), until: new Date(temporary_until) }
  return [{ slug, rules, time }]
}

function projectOf(row: ProjectRow): Project {
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    slug: row.slug,
    description: row.description,
    type: row.type,
    hasDeleteProtection: row.has_delete_protection,
    autoCapitalization: row.auto_capitalization,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function environmentOf(row: EnvironmentJson): Environment {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    slug: row.slug,
    position: row.position,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
  }
}

async function create(transaction: Transaction<Schema>, draft: NewProject): Promise<CreateProjectOutcome> {
  const { organizationId } = draft
  // One at a time: so that the count holds, and a slug that was found free stays free.
  await transaction
    .selectFrom('organizations')
    .select('id')
    .where('id', '=', organizationId)
    .forNoKeyUpdate()
    .execute()
  const { count } = await transaction
    .selectFrom('projects')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow()
  if (count >= projectLimits.projectsPerOrganization) return { kind: 'too-many' }
  if (draft.slug !== undefined && (await isTaken(transaction, organizationId, draft.slug)))
    return { kind: 'slug-taken' }
  const row = await transaction
    .insertInto('projects')
    .values({
      organization_id: organizationId,
      name: draft.name,
      slug: draft.slug ?? (await freeSlug(transaction, organizationId, draft.name)),
      description: draft.description,
      type: draft.type,
      has_delete_protection: draft.hasDeleteProtection,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return {
    kind: 'created',
    project: projectOf(row),
    environments: await createEnvironments(transaction, row.id, draft.environments),
  }
}

async function createEnvironments(
  transaction: Transaction<Schema>,
  projectId: string,
  drafts: NewProject['environments'],
): Promise<Environment[]> {
  if (drafts.length === 0) return []
  const rows = await transaction
    .insertInto('project_environments')
    .values(
      drafts.map(({ name, slug }, index) => ({ project_id: projectId, name, slug, position: index + 1 })),
    )
    .returningAll()
    .execute()
  return rows.map(environmentOf).sort((one, other) => one.position - other.position)
}

async function isTaken(
  transaction: Transaction<Schema>,
  organizationId: string,
  slug: string,
  byOtherThan?: string,
): Promise<boolean> {
  const row = await transaction
    .selectFrom('projects')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('slug', '=', slug)
    .executeTakeFirst()
  return row !== undefined && row.id !== byOtherThan
}

const suffixCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** `payments`, then `payments-x4k9`. */
async function freeSlug(
  transaction: Transaction<Schema>,
  organizationId: string,
  name: string,
): Promise<string> {
  const wanted = slugOf(name, 'project')
  if (!(await isTaken(transaction, organizationId, wanted))) return wanted
  const suffix = Array.from({ length: 4 }, () => suffixCharacters[randomInt(suffixCharacters.length)]).join(
    '',
  )
  const suffixed = `${wanted}-${suffix}`
  return (await isTaken(transaction, organizationId, suffixed))
    ? freeSlug(transaction, organizationId, name)
    : suffixed
}

async function lockProject(
  transaction: Transaction<Schema>,
  projectId: string,
  organizationId: string,
): Promise<Project | undefined> {
  const row = await transaction
    .selectFrom('projects')
    .selectAll()
    .where('id', '=', projectId)
    .where('organization_id', '=', organizationId)
    .forUpdate()
    .executeTakeFirst()
  return row === undefined ? undefined : projectOf(row)
}

async function update(
  transaction: Transaction<Schema>,
  projectId: string,
  organizationId: string,
  change: ProjectChange,
): Promise<UpdateProjectOutcome> {
  if (change.slug !== undefined) {
    await transaction
      .selectFrom('organizations')
      .select('id')
      .where('id', '=', organizationId)
      .forNoKeyUpdate()
      .execute()
  }
  const before = await lockProject(transaction, projectId, organizationId)
  if (before === undefined) return { kind: 'unknown' }
  if (change.slug !== undefined && (await isTaken(transaction, organizationId, change.slug, projectId)))
    return { kind: 'slug-taken' }
  const row = await transaction
    .updateTable('projects')
    .set({
      name: change.name ?? before.name,
      slug: change.slug ?? before.slug,
      description: change.description === undefined ? before.description : change.description,
      has_delete_protection: change.hasDeleteProtection ?? before.hasDeleteProtection,
      auto_capitalization: change.autoCapitalization ?? before.autoCapitalization,
      updated_at: sql`now()`,
    })
    .where('id', '=', projectId)
    .returningAll()
    .executeTakeFirstOrThrow()
  return { kind: 'updated', project: projectOf(row) }
}

async function remove(
  transaction: Transaction<Schema>,
  projectId: string,
  organizationId: string,
): Promise<DeleteProjectOutcome> {
  const row = await transaction
    .selectFrom('projects')
    .selectAll()
    .where('id', '=', projectId)
    .where('organization_id', '=', organizationId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (row === undefined) return { kind: 'unknown' }
  const project = projectOf(row)
  if (project.hasDeleteProtection) return { kind: 'protected' }
  await lockContents(transaction)
  const gone = await countWithin(transaction, projectId)
  await transaction.deleteFrom('projects').where('id', '=', projectId).execute()
  return { kind: 'deleted', project, gone }
}

async function countWithin(transaction: Transaction<Schema>, projectId: string): Promise<DeletedWithProject> {
  // Locked before their memberships, as by whoever deletes one of them.
  const identities = await transaction
    .selectFrom('identities')
    .select('id')
    .where('project_id', '=', projectId)
    .orderBy('created_at')
    .orderBy('id')
    .forUpdate()
    .execute()
  const { rows } = await sql<Omit<DeletedWithProject, 'identityIds'>>`
    select (select count(*)::int from project_environments where project_id = ${projectId}) as environments,
           (select count(*)::int from project_members where project_id = ${projectId}) as members,
           (select count(*)::int from project_roles where project_id = ${projectId}) as roles,
           (select count(*)::int from secret_folders where project_id = ${projectId}) as folders,
           (select count(*)::int from secrets where project_id = ${projectId}) as secrets`.execute(
    transaction,
  )
  const { environments = 0, members = 0, roles = 0, folders = 0, secrets = 0 } = rows[0] ?? {}
  const identityIds = identities.map(({ id }) => id)
  return { environments, members, roles, folders, secrets, identityIds }
}
