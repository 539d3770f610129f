import {
  builtInOrganizationRights,
  noOrganizationRights,
  type RightsOf,
} from '../permissions/organization-rights.ts'

export interface OrganizationRoles {
  /** T17: a role that does not exist gives no rights. */
  readonly rightsOf: RightsOf
}

export function createOrganizationRoles(): OrganizationRoles {
  return {
    rightsOf: async (_organizationId, role) => builtInOrganizationRights(role) ?? noOrganizationRights,
  }
}
