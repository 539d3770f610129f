import { ApiError } from '../http/api-error.ts'
import type { RightsHolder } from '../permissions/actor.ts'
import { requireAsLongAsMember, roleNames } from './granted-roles.ts'
import type { ProjectAccess } from './project-access.ts'
import type { ProjectMember, ProjectMemberStore } from './project-member-store.ts'
import type { MemberKey } from './project-store.ts'

export interface RequireWithinProjectsDependencies {
  access: Pick<ProjectAccess, 'enterIfMember'>
  members: Pick<ProjectMemberStore, 'listOf'>
  now: () => Date
}

/**
 * Whoever changes an identity or a person of the organization, or lets others log in as them, has at least their rights
 * in each of their projects, for at least as long. Throws PermissionDenied.
 */
export type RequireWithinProjects = (actor: RightsHolder, who: MemberKey) => Promise<void>

export function createRequireWithinProjects({
  access,
  members,
  now,
}: RequireWithinProjectsDependencies): RequireWithinProjects {
  return async (actor, who) => {
    if (actor.rights.can('administer', 'projects')) return
    for (const member of await members.listOf(who, actor.organizationId)) {
      if (!hasRights(member, now())) continue
      const entered = await access.enterIfMember(actor, { projectId: member.projectId })
      if (entered === undefined) throw outsideOf(member)
      requireAsLongAsMember(entered.rights, member, now())
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
function outsideOf({ roles, who }: ProjectMember): ApiError {
  const [what, subject] = who.kind === 'identity' ? ['identity', 'identities'] : ['person', 'members']
  return new ApiError(
    'PermissionDenied',
    `The ${what} has a role (${roleNames(roles).join(', ')}) in a project that you are not in, and so you may not change who has it`,
    { details: { action: 'edit', subject } },
  )
}
