import { projectActions } from '@postern/api-contract/permissions'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { ChangeOrigin } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { type ProjectRights, requireProjectPermission } from '../permissions/project-rights.ts'
import {
  changedFields,
  changeInProject,
  type ChangeInProjectDependencies,
  eventInProject,
} from './change-in-project.ts'
import type { EnvironmentChange, EnvironmentStore, NewEnvironment } from './environment-store.ts'
import type { EnteredProject, NamedProject } from './project-access.ts'
import { projectLimits } from './project-limits.ts'
import type { Environment } from './project-store.ts'

/** What one change writes to, all of it or none. */
export interface EnvironmentChangeScope {
  environments: Pick<EnvironmentStore, 'create' | 'update' | 'delete'>
  audit: ChangeAudit
}

export interface ChangeEnvironmentsDependencies extends ChangeInProjectDependencies {
  commit: Commit<EnvironmentChangeScope>
}

export interface ChangeEnvironments {
  create(
    origin: ChangeOrigin,
    named: NamedProject,
    draft: Omit<NewEnvironment, 'projectId'>,
  ): Promise<Environment>
  update(
    origin: ChangeOrigin,
    named: NamedProject,
    environmentId: string,
    change: EnvironmentChange,
  ): Promise<Environment>
  /** Its folders, secrets and imports go with it, and the imports of it elsewhere. */
  remove(origin: ChangeOrigin, named: NamedProject, environmentId: string): Promise<Environment>
}

type Dependencies = ChangeEnvironmentsDependencies

export function createChangeEnvironments(dependencies: Dependencies): ChangeEnvironments {
  return {
    create: (origin, named, draft) =>
      changeInProject(
        dependencies,
        origin,
        named,
        { event: 'project-environment-created', details: { environment: draft.slug } },
        (entered) => create(dependencies, origin, entered, draft),
      ),
    update: (origin, named, environmentId, change) =>
      changeInProject(
        dependencies,
        origin,
        named,
        { event: 'project-environment-updated', details: { environmentId } },
        (entered) => update(dependencies, origin, entered, environmentId, change),
      ),
    remove: (origin, named, environmentId) =>
      changeInProject(
        dependencies,
        origin,
        named,
        { event: 'project-environment-deleted', details: { environmentId } },
        (entered) => remove(dependencies, origin, entered, environmentId),
      ),
  }
}

export function noSuchEnvironment(): ApiError {
  return new ApiError('NotFound', 'There is no such environment in the project')
}

async function create(
  { commit, now }: Dependencies,
  origin: ChangeOrigin,
  { project, rights }: EnteredProject,
  draft: Omit<NewEnvironment, 'projectId'>,
): Promise<Environment> {
  requireProjectPermission(rights, 'create', 'environments')
  return commit(async ({ environments, audit }) => {
    const outcome = await environments.create({ ...draft, projectId: project.id })
    if (outcome.kind === 'slug-taken') throw slugTaken(draft.slug)
    if (outcome.kind === 'too-many') {
      throw new ApiError(
        'BadRequest',
        `A project holds ${projectLimits.environmentsPerProject} environments at most: delete one first`,
      )
    }
    const { environment } = outcome
    const event = 'project-environment-created' as const
    await audit.record(eventInProject(project, origin, now(), event, aboutEnvironment(environment)))
    return environment
  })
}

function slugTaken(slug: string | undefined): ApiError {
  return new ApiError('BadRequest', `There is already an environment with the slug "${slug}" in the project`)
}

async function update(
  { commit, now }: Dependencies,
  origin: ChangeOrigin,
  { project, rights, environments: all }: EnteredProject,
  environmentId: string,
  change: EnvironmentChange,
): Promise<Environment> {
  requireProjectPermission(rights, 'edit', 'environments')
  const before = all.find(({ id }) => id === environmentId)
  if (change.slug !== undefined && change.slug !== before?.slug) requireAllContent(rights)
  return commit(async ({ environments, audit }) => {
    const outcome = await environments.update(environmentId, project.id, change)
    if (outcome.kind === 'unknown') throw noSuchEnvironment()
    if (outcome.kind === 'slug-taken') throw slugTaken(change.slug)
    const { environment } = outcome
    const details = {
      ...aboutEnvironment(environment),
      changed: changedFields(change),
      slugBefore: before?.slug ?? null,
    }
    await audit.record(eventInProject(project, origin, now(), 'project-environment-updated', details))
    return environment
  })
}

/**
 * Roles name environments by their slugs: another slug moves what is in an environment to where others may see or change
 * it. Only who may do everything with it everywhere gives it one.
 */
function requireAllContent(rights: ProjectRights): void {
  for (const action of projectActions.secrets) requireProjectPermission(rights, action, 'secrets')
  for (const action of projectActions.folders) requireProjectPermission(rights, action, 'folders')
  for (const action of projectActions.imports) requireProjectPermission(rights, action, 'imports')
}

async function remove(
  { commit, now }: Dependencies,
  origin: ChangeOrigin,
  { project, rights }: EnteredProject,
  environmentId: string,
): Promise<Environment> {
  requireProjectPermission(rights, 'delete', 'environments')
  return commit(async ({ environments, audit }) => {
    const outcome = await environments.delete(environmentId, project.id)
    if (outcome.kind === 'unknown') throw noSuchEnvironment()
    const { environment, gone } = outcome
    const details = { ...aboutEnvironment(environment), ...gone }
    await audit.record(eventInProject(project, origin, now(), 'project-environment-deleted', details))
    return environment
  })
}

function aboutEnvironment({ id, name, slug, position }: Environment) {
  return { environmentId: id, environmentName: name, environment: slug, position }
}
