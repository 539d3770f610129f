import { createRecentReads } from '../database/recent-reads.ts'
import {
  builtInOrganizationRights,
  noOrganizationRights,
  type OrganizationRights,
  organizationRightsOf,
  organizationRuleOf,
  type RightsOf,
} from '../permissions/organization-rights.ts'
import type { CustomRole, OrganizationRoleStore } from './organization-role-store.ts'

/** What requests ask for: no database read per call, and never older than a second. */
export interface OrganizationRoles {
  /** T17: a role that does not exist gives no rights. */
  readonly rightsOf: RightsOf
  /** Call it after each committed change of the role, so that it holds here at once. */
  forget(organizationId: string, role: string): void
}

export interface OrganizationRolesOptions {
  store: Pick<OrganizationRoleStore, 'findForRights'>
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

export function createOrganizationRoles({ store, elapsed }: OrganizationRolesOptions): OrganizationRoles {
  const recent = createRecentReads({
    nowMs: elapsed,
    read: async (key) => {
      const [organizationId = '', role = ''] = key.split(' ')
      return rightsOfRole(await store.findForRights(role, organizationId))
    },
  })
  return {
    rightsOf: async (organizationId, role) =>
      builtInOrganizationRights(role) ?? recent.find(keyOf(organizationId, role)),
    forget: (organizationId, role) => recent.forget(keyOf(organizationId, role)),
  }
}

export function rightsOfRole(role: Pick<CustomRole, 'permissions'> | undefined): OrganizationRights {
  if (role === undefined) return noOrganizationRights
  return organizationRightsOf(role.permissions.map(organizationRuleOf))
}

/** Neither an id nor a slug has a space. */
function keyOf(organizationId: string, role: string): string {
  return `${organizationId} ${role}`
}
