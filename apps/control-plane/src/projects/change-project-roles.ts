import type { ChangeAudit } from '../audit/change-audit.ts'
import type { ChangeOrigin } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { builtInProjectRole } from '../permissions/built-in-project-roles.ts'
import {
  requireProjectPermission,
  requireProjectRulesWithin,
  rightsUntil,
} from '../permissions/project-rights.ts'
import {
  changedFields,
  changeInProject,
  type ChangeInProjectDependencies,
  eventInProject,
} from './change-in-project.ts'
import type { EnteredProject, NamedProject } from './project-access.ts'
import { projectLimits } from './project-limits.ts'
import type {
  NewProjectRole,
  ProjectRole,
  ProjectRoleChange,
  ProjectRoleStore,
} from './project-role-store.ts'

/** What one change writes to, all of it or none. */
export interface ProjectRoleChangeScope {
  projectRoles: Pick<ProjectRoleStore, 'create' | 'update' | 'delete'>
  audit: ChangeAudit
}

export interface ChangeProjectRolesDependencies extends ChangeInProjectDependencies {
  roles: Pick<ProjectRoleStore, 'list'>
  commit: Commit<ProjectRoleChangeScope>
}

/** Nobody makes, changes or deletes a role that holds more than they have. */
export interface ChangeProjectRoles {
  create(
    origin: ChangeOrigin,
    named: NamedProject,
    draft: Omit<NewProjectRole, 'projectId'>,
  ): Promise<ProjectRole>
  update(
    origin: ChangeOrigin,
    named: NamedProject,
    roleId: string,
    change: ProjectRoleChange,
  ): Promise<ProjectRole>
  /** Refused while members hold it. */
  remove(origin: ChangeOrigin, named: NamedProject, roleId: string): Promise<ProjectRole>
}

type Dependencies = ChangeProjectRolesDependencies

export function createChangeProjectRoles(dependencies: Dependencies): ChangeProjectRoles {
  return {
    create: (origin, named, draft) =>
      changeInProject(
        dependencies,
        origin,
        named,
        { event: 'project-role-created', details: { role: draft.slug } },
        (entered) => create(dependencies, origin, entered, draft),
      ),
    update: (origin, named, roleId, change) =>
      changeInProject(
        dependencies,
        origin,
        named,
        { event: 'project-role-updated', details: { roleId } },
        (entered) => update(dependencies, origin, entered, roleId, change),
      ),
    remove: (origin, named, roleId) =>
      changeInProject(
        dependencies,
        origin,
        named,
        { event: 'project-role-deleted', details: { roleId } },
        (entered) => remove(dependencies, origin, entered, roleId),
      ),
  }
}

export function noSuchRole(): ApiError {
  return new ApiError('NotFound', 'There is no such role in the project')
}

async function create(
  { commit, now }: Dependencies,
  origin: ChangeOrigin,
  { project, rights }: EnteredProject,
  draft: Omit<NewProjectRole, 'projectId'>,
): Promise<ProjectRole> {
  requireProjectPermission(rights, 'create', 'roles')
  requireProjectRulesWithin(rights, draft.rules)
  requireOwnSlug(draft.slug)
  return commit(async ({ projectRoles, audit }) => {
    const outcome = await projectRoles.create({ ...draft, projectId: project.id })
    if (outcome.kind === 'slug-taken') throw slugTaken(draft.slug)
    if (outcome.kind === 'too-many') {
      throw new ApiError(
        'BadRequest',
        `A project has ${projectLimits.rolesPerProject} roles of its own at most: delete one first`,
      )
    }
    const { role } = outcome
    await audit.record(eventInProject(project, origin, now(), 'project-role-created', aboutRole(role)))
    return role
  })
}

function requireOwnSlug(slug: string | undefined): void {
  if (slug !== undefined && builtInProjectRole(slug) !== undefined) throw slugTaken(slug)
}

function slugTaken(slug: string | undefined): ApiError {
  return new ApiError('BadRequest', `There is already a role "${slug}" in the project`)
}

async function update(
  { roles, commit, now }: Dependencies,
  origin: ChangeOrigin,
  { project, rights }: EnteredProject,
  roleId: string,
  change: ProjectRoleChange,
): Promise<ProjectRole> {
  requireProjectPermission(rights, 'edit', 'roles')
  const before = (await roles.list(project.id)).find(({ id }) => id === roleId)
  if (before === undefined) throw noSuchRole()
  requireProjectRulesWithin(rights, before.rules)
  // Whoever has the role gets it for good.
  if (change.rules !== undefined) requireProjectRulesWithin(rightsUntil(rights, undefined), change.rules)
  requireOwnSlug(change.slug)
  return commit(async ({ projectRoles, audit }) => {
    const outcome = await projectRoles.update(roleId, project.id, change)
    if (outcome.kind === 'unknown') throw noSuchRole()
    if (outcome.kind === 'slug-taken') throw slugTaken(change.slug)
    const { role } = outcome
    const details = { ...aboutRole(role), changed: changedFields(change), slugBefore: before.slug }
    await audit.record(eventInProject(project, origin, now(), 'project-role-updated', details))
    return role
  })
}

async function remove(
  { roles, commit, now }: Dependencies,
  origin: ChangeOrigin,
  { project, rights }: EnteredProject,
  roleId: string,
): Promise<ProjectRole> {
  requireProjectPermission(rights, 'delete', 'roles')
  const before = (await roles.list(project.id)).find(({ id }) => id === roleId)
  if (before === undefined) throw noSuchRole()
  requireProjectRulesWithin(rights, before.rules)
  return commit(async ({ projectRoles, audit }) => {
    const outcome = await projectRoles.delete(roleId, project.id)
    if (outcome.kind === 'unknown') throw noSuchRole()
    if (outcome.kind === 'in-use') {
      throw new ApiError(
        'BadRequest',
        `${outcome.memberCount} ${outcome.memberCount === 1 ? 'member has' : 'members have'} the role "${before.slug}": give them another first`,
      )
    }
    const { role } = outcome
    await audit.record(eventInProject(project, origin, now(), 'project-role-deleted', aboutRole(role)))
    return role
  })
}

function aboutRole({ id, slug, name, rules }: ProjectRole) {
  return { roleId: id, role: slug, roleName: name, ruleCount: rules.length }
}
