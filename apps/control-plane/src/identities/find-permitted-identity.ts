import { ApiError } from '../http/api-error.ts'
import type { Actor } from '../permissions/actor.ts'
import type { OrganizationActionOn } from '../permissions/organization-rights.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type { IdentityReader } from './identity-cache.ts'
import type { RequireWithinIdentity } from './require-within-identity.ts'

export interface FindPermittedIdentityDependencies {
  identities: IdentityReader
  requireWithinIdentity: RequireWithinIdentity
}

/**
 * The identity that somebody asks something about. T18: one of another organization does not exist. T17: whoever does more
 * than read has all of its rights.
 */
export async function findPermittedIdentity(
  { identities, requireWithinIdentity }: FindPermittedIdentityDependencies,
  { actor, identityId }: { actor: Actor; identityId: string },
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
