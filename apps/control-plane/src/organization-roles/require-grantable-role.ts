import { ApiError } from '../http/api-error.ts'
import type { Actor } from '../permissions/actor.ts'
import { builtInOrganizationRights } from '../permissions/organization-rights.ts'
import { requireRightsWithin } from '../permissions/require-permission.ts'
import type { OrganizationRoleStore } from './organization-role-store.ts'
import { rightsOfRole } from './organization-roles.ts'

/**
 * Before somebody is given a role, within the same change: it exists, goes nowhere until the change ends, and gives
 * nothing that the actor does not have (T17). Throws BadRequest and PermissionDenied.
 */
export async function requireGrantableRole(
  roles: Pick<OrganizationRoleStore, 'hold'>,
  actor: Actor,
  slug: string,
): Promise<void> {
  const builtIn = builtInOrganizationRights(slug)
  if (builtIn !== undefined) return requireRightsWithin(actor, builtIn)
  const role = await roles.hold(slug, actor.organizationId)
  if (role === undefined) throw new ApiError('BadRequest', 'There is no such role in your organization')
  return requireRightsWithin(actor, rightsOfRole(role))
}
