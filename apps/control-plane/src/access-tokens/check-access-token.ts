import { ApiError } from '../http/api-error.ts'
import type { AccessTokenClaims } from './access-token-claims.ts'
import type { ReadAccessToken } from './read-access-token.ts'
import type { RevocableToken } from './revocation-set.ts'
import type { TrustedIpLookup } from './trusted-ip-lookup.ts'

export type TokenRefusal =
  | 'malformed'
  | 'expired'
  | 'revoked'
  /** The feed of revocations is stale: the token may be fine. */
  | 'revocations-unknown'
  | 'address-not-trusted'
  | 'exhausted'

/** The claims are there whenever the signature was good and the time not over. */
export type CheckedAccessToken =
  | { kind: 'good'; claims: AccessTokenClaims }
  | { kind: 'refused'; refusal: TokenRefusal; claims?: AccessTokenClaims }

/**
 * Everything about a token but its uses; the cheapest first, and the address before any use is counted.
 * @param clientIp undefined: whoever asks does not mean to use the token
 */
export type CheckAccessToken = (token: string, clientIp: string | undefined) => Promise<CheckedAccessToken>

export interface CheckAccessTokenDependencies {
  readToken: ReadAccessToken
  revocations: { isFresh(): boolean; covers(token: RevocableToken): boolean }
  trustedIps: Pick<TrustedIpLookup, 'trustOf'>
}

export function createCheckAccessToken(dependencies: CheckAccessTokenDependencies): CheckAccessToken {
  const { readToken, revocations, trustedIps } = dependencies
  return async (token, clientIp) => {
    const reading = readToken(token)
    if (reading.kind === 'refused') return { kind: 'refused', refusal: reading.reason }
    const { claims } = reading
    if (!revocations.isFresh()) return { kind: 'refused', refusal: 'revocations-unknown', claims }
    if (revocations.covers(revocableToken(claims))) return { kind: 'refused', refusal: 'revoked', claims }
    const trust = await trustedIps.trustOf(claims.identityId, claims.authMethod, clientIp)
    // For a moment after the auth method was removed, another replica may still have issued tokens for it.
    if (trust === 'auth-method-gone') return { kind: 'refused', refusal: 'revoked', claims }
    if (trust === 'not-trusted') return { kind: 'refused', refusal: 'address-not-trusted', claims }
    return { kind: 'good', claims }
  }
}

export function revocableToken(claims: AccessTokenClaims): RevocableToken {
  return {
    tokenId: claims.jti,
    identityId: claims.identityId,
    authMethod: claims.authMethod,
    organizationId: claims.orgId,
    clientSecretId: claims.clientSecretId,
    createdAtMs: claims.creationEpochMs,
  }
}

const refusals: Record<TokenRefusal, () => ApiError> = {
  malformed: () => new ApiError('Unauthorized', 'The access token is not valid'),
  expired: () => new ApiError('Unauthorized', 'The access token has expired: log in again'),
  revoked: () => new ApiError('Unauthorized', 'The access token has been revoked: log in again'),
  exhausted: () =>
    new ApiError('Unauthorized', 'The access token has been used as often as it may be: log in again'),
  'address-not-trusted': () =>
    new ApiError('Forbidden', 'The access token may not be used from this address'),
  'revocations-unknown': () =>
    new ApiError('ServiceUnavailable', 'Access tokens cannot be checked at the moment: try again', {
      retryAfterSeconds: 1,
    }),
}

export function refusalError(refusal: TokenRefusal): ApiError {
  return refusals[refusal]()
}
