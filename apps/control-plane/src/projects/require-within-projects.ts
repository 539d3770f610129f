import { ApiError } from '../http/api-error.ts'
import type { Actor } from '../permissions/actor.ts'
import { requireWithinMember, roleNames } from './granted-roles.ts'
import type { ProjectAccess } from './project-access.ts'
import type { ProjectMember, ProjectMemberStore } from './project-member-store.ts'

export interface RequireWithinProjectsDependencies {
  access: Pick<ProjectAccess, 'enterIfMember'>
  members: Pick<ProjectMemberStore, 'listOfIdentity'>
  now: () => Date
}

/**
 * Whoever changes an identity of the organization, or lets others log in as it, has at least its rights in each of its
 * projects. Throws PermissionDenied.
 */
export type RequireWithinProjects = (actor: Actor, identity: { readonly id: string }) => Promise<void>

export function createRequireWithinProjects({
  access,
  members,
  now,
}: RequireWithinProjectsDependencies): RequireWithinProjects {
  return async (actor, { id }) => {
    if (actor.rights.can('administer', 'projects')) return
    for (const member of await members.listOfIdentity(id)) {
      if (!hasRights(member, now())) continue
      const entered = await access.enterIfMember(actor, { projectId: member.projectId })
      if (entered === undefined) throw outsideOf(member)
      requireWithinMember(entered.rights, member, now())
    }
  }
}

function hasRights({ roles }: ProjectMember, at: Date): boolean {
  return roles.some(
    ({ builtIn, own, time }) =>
      builtIn !== 'no-access' && own?.rules.length !== 0 && (time === null || at < time.until),
  )
}

/** The project is not named: the actor may not know of it. */
function outsideOf({ roles }: ProjectMember): ApiError {
  return new ApiError(
    'PermissionDenied',
    `The identity has a role (${roleNames(roles).join(', ')}) in a project that you are not in: you may not change it`,
    { details: { action: 'edit', subject: 'identities' } },
  )
}
