import type { Identity } from '../identities/identity-store.ts'
import type { Actor } from '../permissions/actor.ts'
import { identityMembershipBody } from './member-body.ts'
import type { ProjectAccess } from './project-access.ts'
import type { ProjectMemberStore } from './project-member-store.ts'

export interface MembershipsOfIdentityDependencies {
  access: Pick<ProjectAccess, 'enterIfMember'>
  members: Pick<ProjectMemberStore, 'listOf'>
}

/** The projects that an identity is in: of those that the actor may enter, and whose identities they may read. */
export function createMembershipsOfIdentity({ access, members }: MembershipsOfIdentityDependencies) {
  return async (actor: Actor, identity: Identity) => {
    const found = await members.listOf({ kind: 'identity', identityId: identity.id }, actor.organizationId)
    const bodies = await Promise.all(
      found.map(async (member) => {
        const entered = await access.enterIfMember(actor, { projectId: member.projectId })
        return entered?.rights.can('read', 'identities') === true
          ? [identityMembershipBody(member, identity, entered.project)]
          : []
      }),
    )
    return bodies.flat()
  }
}
