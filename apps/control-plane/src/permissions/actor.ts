import type { FastifyRequest } from 'fastify'

/** The roles that every organization has. */
export type OrganizationRole = 'admin' | 'member' | 'no-access'

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
