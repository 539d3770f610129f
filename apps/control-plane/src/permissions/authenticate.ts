import { ApiError } from '../http/api-error.ts'
import type { Authenticate } from './actor.ts'
import type { RightsOf } from './organization-rights.ts'

export interface AuthenticateDependencies {
  /** Rejects with an ApiError unless the token lives and may be used from that address. */
  verifyAccessToken: (token: string, clientIp: string) => Promise<VerifiedToken>
  findIdentity: (identityId: string) => Promise<LivingIdentity | undefined>
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

/** RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
const bearer = /^bearer ([A-Za-z0-9\-._~+/]{1,8192}=*)$/i

/** T46: whatever the token says, its identity must exist, be enabled and belong to the token's organization. */
export function createAuthenticate({
  verifyAccessToken,
  findIdentity,
  rightsOf,
}: AuthenticateDependencies): Authenticate {
  return async (request) => {
    const [, token] = bearer.exec(request.headers.authorization ?? '') ?? []
    if (token === undefined)
      throw new ApiError('Unauthorized', 'Send an access token: Authorization: Bearer <token>')
    const verified = await verifyAccessToken(token, request.ip)
    const identity = await findIdentity(verified.identityId)
    if (
      identity === undefined ||
      identity.isDisabled ||
      identity.organizationId !== verified.organizationId
    ) {
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
}
