import type { FastifyRequest } from 'fastify'
import { ApiError } from '../http/api-error.ts'
import type { Actor, Authenticate, IdentityActor, UserActor } from './actor.ts'
import type { ReadCredential } from './authenticate-credential.ts'
import { type FindSession, sessionOver } from './authenticate-person.ts'
import type { RightsOf } from './organization-rights.ts'

export interface AuthenticateDependencies {
  readCredential: ReadCredential
  /**
   * Rejects with an ApiError unless the token lives and may be used from that address. What `admit` throws for its identity
   * spends no use of it.
   */
  verifyAccessToken: (
    token: string,
    clientIp: string,
    admit: (identityId: string) => void,
  ) => Promise<VerifiedToken>
  /** Throws an ApiError once the actor has asked too often. */
  admit: (actorId: string, request: FastifyRequest) => void
  findIdentity: (identityId: string) => Promise<LivingIdentity | undefined>
  findSession: FindSession
  /** A role that does not exist gives none. */
  rightsOf: RightsOf
}

interface VerifiedToken {
  tokenId: string
  identityId: string
  organizationId: string
  authMethod: string
}

interface LivingIdentity {
  id: string
  organizationId: string
  name: string
  role: string
  isDisabled: boolean
}

/** Machines by their access token, people by their session, which must be in an organization. */
export function createAuthenticate(dependencies: AuthenticateDependencies): Authenticate {
  const { readCredential } = dependencies
  return async (request): Promise<Actor> => {
    const credential = readCredential(request)
    if (credential === undefined)
      throw new ApiError('Unauthorized', 'Send an access token: Authorization: Bearer <token>')
    return credential.kind === 'session'
      ? authenticateUser(dependencies, credential.token, request)
      : authenticateIdentity(dependencies, credential.token, request)
  }
}

/** T46: whatever the token says, its identity must exist, be enabled and belong to the token's organization. */
async function authenticateIdentity(
  { verifyAccessToken, findIdentity, rightsOf, admit }: AuthenticateDependencies,
  token: string,
  request: FastifyRequest,
): Promise<IdentityActor> {
  const verified = await verifyAccessToken(token, request.ip, (identityId) => admit(identityId, request))
  const identity = await findIdentity(verified.identityId)
  if (identity === undefined || identity.isDisabled || identity.organizationId !== verified.organizationId) {
    throw new ApiError('Unauthorized', 'The access token’s identity is disabled or deleted')
  }
  return {
    kind: 'identity',
    identityId: identity.id,
    identityName: identity.name,
    organizationId: identity.organizationId,
    role: identity.role,
    rights: await rightsOf(identity.organizationId, identity.role),
    authMethod: verified.authMethod,
    tokenId: verified.tokenId,
  }
}

async function authenticateUser(
  { findSession, rightsOf, admit }: AuthenticateDependencies,
  token: string,
  request: FastifyRequest,
): Promise<UserActor> {
  const session = await findSession(token)
  if (session === undefined) throw sessionOver()
  const { id: sessionId, userId, email, membership } = session
  if (membership === undefined)
    throw new ApiError('Unauthorized', 'Select an organization first: POST /api/v3/auth/select-organization')
  admit(userId, request)
  const { organizationId, role } = membership
  return {
    kind: 'user',
    userId,
    email,
    sessionId,
    organizationId,
    role,
    rights: await rightsOf(organizationId, role),
  }
}
