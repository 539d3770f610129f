import type { ChangeRevocations } from '../access-tokens/change-revocations.ts'
import type { Revocations } from '../access-tokens/revocations.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { type ChangeOrigin, orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { requireProjectPermission } from '../permissions/project-rights.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import {
  changedFields,
  changeInProject,
  type ChangeInProjectDependencies,
  eventInProject,
} from './change-in-project.ts'
import { type EnteredProject, memberKeyOf, type NamedProject, projectUnknown } from './project-access.ts'
import { projectLimits } from './project-limits.ts'
import type { ProjectMemberStore } from './project-member-store.ts'
import type {
  CreateProjectOutcome,
  Environment,
  NewProject,
  Project,
  ProjectChange,
  ProjectStore,
} from './project-store.ts'

/** What one change writes to, all of it or none. */
export interface ProjectChangeScope {
  projects: Pick<ProjectStore, 'create' | 'update' | 'delete'>
  projectMembers: Pick<ProjectMemberStore, 'add'>
  revocations: ChangeRevocations
  audit: ChangeAudit
}

export interface ChangeProjectsDependencies extends ChangeInProjectDependencies {
  commit: Commit<ProjectChangeScope>
  revocations: Revocations
  /** Runs after an identity was deleted, before the reply: whatever remembers it forgets it. */
  onIdentityDeleted: (identityId: string) => void
}

export interface ProjectWithEnvironments {
  readonly project: Project
  readonly environments: readonly Environment[]
}

export interface ChangeProjects {
  /** Whoever makes a project is its first admin. */
  create(origin: ChangeOrigin, draft: Omit<NewProject, 'organizationId'>): Promise<ProjectWithEnvironments>
  update(origin: ChangeOrigin, named: NamedProject, change: ProjectChange): Promise<ProjectWithEnvironments>
  remove(origin: ChangeOrigin, named: NamedProject): Promise<ProjectWithEnvironments>
}

type Dependencies = ChangeProjectsDependencies

export function createChangeProjects(dependencies: Dependencies): ChangeProjects {
  return {
    create: (origin, draft) =>
      orTellDenied(
        dependencies,
        origin,
        { event: 'project-created', details: { projectName: draft.name } },
        () => create(dependencies, origin, { ...draft, organizationId: origin.actor.organizationId }),
      ),
    update: (origin, named, change) =>
      changeInProject(dependencies, origin, named, { event: 'project-updated', details: {} }, (entered) =>
        update(dependencies, origin, entered, change),
      ),
    remove: (origin, named) =>
      changeInProject(dependencies, origin, named, { event: 'project-deleted', details: {} }, (entered) =>
        remove(dependencies, origin, entered),
      ),
  }
}

export function slugTaken(slug: string | undefined): ApiError {
  return new ApiError('BadRequest', `There is already a project with the slug "${slug}" in this organization`)
}

async function create(
  { commit, now }: Dependencies,
  origin: ChangeOrigin,
  draft: NewProject,
): Promise<ProjectWithEnvironments> {
  requirePermission(origin.actor, 'create', 'projects')
  return commit(async ({ projects, projectMembers, audit }) => {
    const { project, environments } = createdOf(await projects.create(draft), draft)
    await projectMembers.add({
      projectId: project.id,
      organizationId: project.organizationId,
      who: memberKeyOf(origin.actor),
      roles: [{ role: { builtIn: 'admin' }, time: null }],
    })
    const details = { environments: environments.map(({ slug }) => slug) }
    await audit.record(eventInProject(project, origin, now(), 'project-created', details))
    return { project, environments }
  })
}

function createdOf(outcome: CreateProjectOutcome, { slug }: NewProject) {
  if (outcome.kind === 'created') return outcome
  if (outcome.kind === 'slug-taken') throw slugTaken(slug)
  throw new ApiError(
    'BadRequest',
    `An organization holds ${projectLimits.projectsPerOrganization} projects at most: delete one first`,
  )
}

async function update(
  { commit, now }: Dependencies,
  origin: ChangeOrigin,
  { project: before, rights, environments }: EnteredProject,
  change: ProjectChange,
): Promise<ProjectWithEnvironments> {
  requireProjectPermission(rights, 'edit', 'project')
  return commit(async ({ projects, audit }) => {
    const outcome = await projects.update(before.id, before.organizationId, change)
    if (outcome.kind === 'unknown') throw projectUnknown()
    if (outcome.kind === 'slug-taken') throw slugTaken(change.slug)
    const { project } = outcome
    const details = {
      changed: changedFields(change),
      nameBefore: before.name,
      slugBefore: before.slug,
      hasDeleteProtection: project.hasDeleteProtection,
    }
    await audit.record(eventInProject(project, origin, now(), 'project-updated', details))
    return { project, environments }
  })
}

async function remove(
  { commit, now, revocations, onIdentityDeleted }: Dependencies,
  origin: ChangeOrigin,
  { project: { id, organizationId }, rights, environments }: EnteredProject,
): Promise<ProjectWithEnvironments> {
  requireProjectPermission(rights, 'delete', 'project')
  const { project, gone } = await commit(async (within) => {
    const outcome = await within.projects.delete(id, organizationId)
    if (outcome.kind === 'unknown') throw projectUnknown()
    if (outcome.kind === 'protected') {
      throw new ApiError('BadRequest', 'The project is protected: turn hasDeleteProtection off first')
    }
    const { identityIds, ...counts } = outcome.gone
    for (const identityId of identityIds) await within.revocations.mark({ scope: 'identity', identityId })
    const details = { ...counts, identities: identityIds.length }
    await within.audit.record(eventInProject(outcome.project, origin, now(), 'project-deleted', details))
    return outcome
  })
  for (const identityId of gone.identityIds) {
    onIdentityDeleted(identityId)
    await revocations.revoke({ scope: 'identity', identityId, organizationId })
  }
  return { project, environments }
}
