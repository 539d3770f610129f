import type { AuditEvent } from '../audit/audit-event.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { Commit } from '../database/commit.ts'
import type { AccessTokenClaims } from './access-token-claims.ts'
import { type TokenRequestOrigin, tokenEvent } from './access-token-event.ts'
import type { ChangeRevocations } from './change-revocations.ts'
import { revocableToken } from './check-access-token.ts'
import type { Clock } from './database-clock.ts'
import type { ReadAccessToken } from './read-access-token.ts'
import type { RevocableToken } from './revocation-set.ts'
import type { RevocationMarker } from './revocation-store.ts'
import { expiryOf, ttlsOf } from './token-lifetime.ts'

export type AccessTokenRevocation =
  | { kind: 'revoked'; claims: AccessTokenClaims }
  /** Repeated: nothing was written. */
  | { kind: 'already-revoked'; claims: AccessTokenClaims }
  | { kind: 'refused'; refusal: 'malformed' | 'expired' }

/** Whoever holds a token may end it, from anywhere: neither address nor uses are asked for. */
export type RevokeAccessToken = (token: string, origin: TokenRequestOrigin) => Promise<AccessTokenRevocation>

export interface RevokeAccessTokenDependencies {
  readToken: ReadAccessToken
  revocations: { covers(token: RevocableToken): boolean; learn(marker: RevocationMarker): void }
  commit: Commit<{ revocations: Pick<ChangeRevocations, 'markToken'>; audit: ChangeAudit }>
  clock: Clock
}

/** The revocation and its audit row are one commit. */
export function createRevokeAccessToken(dependencies: RevokeAccessTokenDependencies): RevokeAccessToken {
  const { readToken, revocations, commit, clock } = dependencies
  return async (token, origin) => {
    const reading = readToken(token)
    if (reading.kind === 'refused') return { kind: 'refused', refusal: reading.reason }
    const { claims } = reading
    if (revocations.covers(revocableToken(claims))) return { kind: 'already-revoked', claims }
    const marker = await commit(async (within) => {
      const marked = await within.revocations.markToken(claims.jti, lifetimeSeconds(claims, clock.nowMs()))
      await within.audit.record(revocationEvent(claims, origin))
      return marked
    })
    revocations.learn(marker)
    return { kind: 'revoked', claims }
  }
}

/** No JWT of this token, renewed up to now, lives longer. */
function lifetimeSeconds(claims: AccessTokenClaims, nowMs: number): number {
  const now = Math.ceil(nowMs / 1000)
  return Math.max(0, expiryOf(ttlsOf(claims), { createdAt: claims.creationEpoch, now }) - now)
}

function revocationEvent(claims: AccessTokenClaims, origin: TokenRequestOrigin): AuditEvent {
  return {
    ...tokenEvent(origin, claims),
    event: 'access-token-revoked',
    outcome: 'success',
    details: { tokenId: claims.jti },
  }
}
