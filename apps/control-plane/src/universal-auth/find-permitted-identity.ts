import { ApiError } from '../http/api-error.ts'
import type { IdentityReader } from '../identities/identity-cache.ts'
import type { RequireWithinIdentity } from '../identities/require-within-identity.ts'
import type { Actor } from '../permissions/actor.ts'
import type { OrganizationActionOn } from '../permissions/organization-rights.ts'
import { requirePermission } from '../permissions/require-permission.ts'

/** Who asks, from where, and about which identity. */
export interface UniversalAuthContext {
  actor: Actor
  requestId: string
  ipAddress: string
  identityId: string
}

export interface FindPermittedDependencies {
  identities: IdentityReader
  requireWithinIdentity: RequireWithinIdentity
}

/** T18: an identity of another organization does not exist. Whoever may let others log in as it has its rights. */
export async function findPermitted(
  { identities, requireWithinIdentity }: FindPermittedDependencies,
  { actor, identityId }: UniversalAuthContext,
  action: OrganizationActionOn<'identities'>,
): Promise<{ id: string; organizationId: string }> {
  requirePermission(actor, action, 'identities')
  const identity = await identities.findIdentity(identityId)
  if (identity === undefined || identity.organizationId !== actor.organizationId) {
    throw new ApiError('NotFound', 'There is no such identity in your organization')
  }
  if (action !== 'read') await requireWithinIdentity(actor, identity)
  return identity
}
