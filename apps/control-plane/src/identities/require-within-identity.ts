import type { Actor } from '../permissions/actor.ts'
import type { RightsOf } from '../permissions/organization-rights.ts'
import { requireRightsWithin } from '../permissions/require-permission.ts'

/** T17: whoever changes, disables, deletes or lets others log in as an identity has at least its rights. Throws PermissionDenied. */
export type RequireWithinIdentity = (
  actor: Actor,
  identity: { readonly id: string; readonly organizationId: string; readonly role: string },
) => Promise<void>

export interface RequireWithinIdentityDependencies {
  rightsOf: RightsOf
  /** The same for what it may do in its projects. */
  requireWithinProjects: (
    actor: Actor,
    identity: { readonly kind: 'identity'; readonly identityId: string },
  ) => Promise<void>
}

export function createRequireWithinIdentity({
  rightsOf,
  requireWithinProjects,
}: RequireWithinIdentityDependencies): RequireWithinIdentity {
  return async (actor, { id, organizationId, role }) => {
    requireRightsWithin(actor, await rightsOf(organizationId, role))
    await requireWithinProjects(actor, { kind: 'identity', identityId: id })
  }
}
