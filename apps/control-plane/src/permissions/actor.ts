import type { FastifyRequest } from 'fastify'

/** The roles that every organization has, from the least to the most powerful. */
export const organizationRoles = ['no-access', 'member', 'admin'] as const
export type OrganizationRole = (typeof organizationRoles)[number]

/** Who makes a request, after its access token was verified and its identity was found alive. */
export interface Actor {
  readonly kind: 'identity'
  readonly identityId: string
  readonly identityName: string
  readonly organizationId: string
  readonly role: OrganizationRole
  /** How the identity had logged in: 'kubernetes-auth', 'token-auth'. */
  readonly authMethod: string
  readonly tokenId: string
}

/** Reads the request's bearer token. Throws ApiError `Unauthorized` unless it belongs to a living identity. */
export type Authenticate = (request: FastifyRequest) => Promise<Actor>
