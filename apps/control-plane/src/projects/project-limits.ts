/** How much an organization may hold; beyond it a request is refused with 400. */
export const projectLimits = {
  projectsPerOrganization: 1000,
  environmentsPerProject: 100,
  /** Identities and people together. */
  membersPerProject: 10_000,
  /** Beside those that every project has. */
  rolesPerProject: 200,
} as const
