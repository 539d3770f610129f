import type { AuthMethod } from './access-token-settings.ts'
import type { AccessTokenUseStore } from './access-token-use-store.ts'
import { type CheckAccessToken, refusalError } from './check-access-token.ts'

/** A token that was signed by Postern, lives, is not revoked, comes from a trusted address, and had a use left. */
export interface VerifiedAccessToken {
  tokenId: string
  identityId: string
  identityName: string
  organizationId: string
  authMethod: AuthMethod
  expiresAt: Date
}

export interface AccessTokenVerifier {
  /**
   * Counts one use. Rejects with ApiError: Unauthorized (malformed, expired, revoked, exhausted), Forbidden (the
   * address is not trusted; no use is counted), ServiceUnavailable (revocations cannot be known right now), or with what
   * `admit` throws, which is told whose the token is before a use is counted.
   */
  verify(token: string, clientIp: string, admit?: (identityId: string) => void): Promise<VerifiedAccessToken>
}

export interface AccessTokenVerifierDependencies {
  checkToken: CheckAccessToken
  uses: Pick<AccessTokenUseStore, 'use'>
}

/** Without a database read, but for tokens whose uses are limited. */
export function createAccessTokenVerifier(
  dependencies: AccessTokenVerifierDependencies,
): AccessTokenVerifier {
  const { checkToken, uses } = dependencies
  return {
    async verify(token, clientIp, admit) {
      const checked = await checkToken(token, clientIp)
      if (checked.kind === 'refused') throw refusalError(checked.refusal)
      const { claims } = checked
      admit?.(claims.identityId)
      const expiresAt = new Date(claims.exp * 1000)
      const limit = claims.numUsesLimit
      if (limit > 0 && !(await uses.use({ tokenId: claims.jti, limit, expiresAt }))) {
        throw refusalError('exhausted')
      }
      return {
        tokenId: claims.jti,
        identityId: claims.identityId,
        identityName: claims.identityName,
        organizationId: claims.orgId,
        authMethod: claims.authMethod,
        expiresAt,
      }
    },
  }
}
