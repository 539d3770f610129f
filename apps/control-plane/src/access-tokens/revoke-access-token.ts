import type { AccessTokenClaims } from './access-token-claims.ts'
import { revocableToken } from './check-access-token.ts'
import type { Clock } from './database-clock.ts'
import type { ReadAccessToken } from './read-access-token.ts'
import type { RevocableToken } from './revocation-set.ts'
import type { Revocations } from './revocations.ts'
import { expiryOf, ttlsOf } from './token-lifetime.ts'

export type AccessTokenRevocation =
  | { kind: 'revoked'; claims: AccessTokenClaims }
  /** Repeated: nothing was written. */
  | { kind: 'already-revoked'; claims: AccessTokenClaims }
  | { kind: 'refused'; refusal: 'malformed' | 'expired' }

/** Whoever holds a token may end it, from anywhere: neither address nor uses are asked for. */
export type RevokeAccessToken = (token: string) => Promise<AccessTokenRevocation>

export interface RevokeAccessTokenDependencies {
  readToken: ReadAccessToken
  revocations: Revocations & { covers(token: RevocableToken): boolean }
  clock: Clock
}

export function createRevokeAccessToken(dependencies: RevokeAccessTokenDependencies): RevokeAccessToken {
  const { readToken, revocations, clock } = dependencies
  return async (token) => {
    const reading = readToken(token)
    if (reading.kind === 'refused') return { kind: 'refused', refusal: reading.reason }
    const { claims } = reading
    if (revocations.covers(revocableToken(claims))) return { kind: 'already-revoked', claims }
    await revocations.revoke({
      scope: 'token',
      tokenId: claims.jti,
      organizationId: claims.orgId,
      identityId: claims.identityId,
      livesUntil: lastExpiry(claims, clock.nowMs()),
    })
    return { kind: 'revoked', claims }
  }
}

/** No JWT of this token, renewed up to now, expires later. */
function lastExpiry(claims: AccessTokenClaims, nowMs: number): Date {
  const now = Math.ceil(nowMs / 1000)
  return new Date(expiryOf(ttlsOf(claims), { createdAt: claims.creationEpoch, now }) * 1000)
}
