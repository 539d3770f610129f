import type { AuthMethod } from './access-token-settings.ts'

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
   * address is not trusted; no use is counted), ServiceUnavailable (revocations cannot be known right now).
   */
  verify(token: string, clientIp: string): Promise<VerifiedAccessToken>
}
