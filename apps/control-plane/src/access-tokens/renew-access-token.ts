import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../http/api-error.ts'
import type { AccessTokenClaims } from './access-token-claims.ts'
import type { AccessTokenUseStore } from './access-token-use-store.ts'
import { type CheckAccessToken, type TokenRefusal, refusalError } from './check-access-token.ts'
import type { Clock } from './database-clock.ts'
import type { IssuedAccessToken } from './issue-access-token.ts'
import { signAccessToken } from './sign-access-token.ts'
import type { SigningKeys } from './signing-keys.ts'
import { announcedMaxTtlSeconds, expiryOf, ttlsOf } from './token-lifetime.ts'

export type RenewalRefusal = TokenRefusal | 'identity-unknown' | 'identity-disabled' | 'budget-exhausted'

/** The claims are there whenever the token was signed by Postern and had not expired. */
export type AccessTokenRenewal =
  | { kind: 'renewed'; issued: IssuedAccessToken; claims: AccessTokenClaims }
  | { kind: 'refused'; refusal: RenewalRefusal; claims?: AccessTokenClaims }

export type RenewAccessToken = (token: string, clientIp: string) => Promise<AccessTokenRenewal>

export interface RenewAccessTokenDependencies {
  checkToken: CheckAccessToken
  uses: Pick<AccessTokenUseStore, 'keepUntil'>
  findIdentity: (identityId: string) => Promise<{ isDisabled: boolean } | undefined>
  keys: Pick<SigningKeys, 'current'>
  clock: Clock
}

/**
 * A new JWT of the same token: its id, creation and settings stay, so revocations and the count of uses go on to
 * apply, and it can never pass creation + maximum TTL. The old JWT lives on until it expires.
 */
export function createRenewAccessToken(dependencies: RenewAccessTokenDependencies): RenewAccessToken {
  const { checkToken, uses, findIdentity, keys, clock } = dependencies
  return async (token, clientIp) => {
    const checked = await checkToken(token, clientIp)
    if (checked.kind === 'refused') return checked
    const { claims } = checked
    const identity = await findIdentity(claims.identityId)
    if (identity === undefined) return { kind: 'refused', refusal: 'identity-unknown', claims }
    if (identity.isDisabled) return { kind: 'refused', refusal: 'identity-disabled', claims }
    const renewed = await extend(claims, clock)
    if (renewed === undefined) return { kind: 'refused', refusal: 'budget-exhausted', claims }
    const { jti: tokenId, numUsesLimit } = claims
    if (numUsesLimit > 0 && (await uses.keepUntil(tokenId, new Date(renewed.exp * 1000))) >= numUsesLimit) {
      return { kind: 'refused', refusal: 'exhausted', claims }
    }
    const issued = {
      accessToken: signAccessToken(keys.current(), renewed),
      expiresInSeconds: renewed.exp - renewed.iat,
      maxTtlSeconds: announcedMaxTtlSeconds(ttlsOf(claims)),
      tokenId,
    }
    return { kind: 'renewed', issued, claims: renewed }
  }
}

/** Undefined when the new expiry would not be later than the old one. */
async function extend(claims: AccessTokenClaims, clock: Clock): Promise<AccessTokenClaims | undefined> {
  const extended = extendedAt(clock.nowMs(), claims)
  if (extended.exp > claims.exp) return extended
  // Issued within this very second: in the next one it can be later, unless the maximum TTL is what bounds it.
  const nextSecondMs = (claims.iat + 1) * 1000
  const waitMs = nextSecondMs - clock.nowMs()
  if (waitMs <= 0 || extendedAt(nextSecondMs, claims).exp <= claims.exp) return undefined
  await sleep(waitMs)
  return extendedAt(Math.max(clock.nowMs(), nextSecondMs), claims)
}

function extendedAt(nowMs: number, claims: AccessTokenClaims): AccessTokenClaims {
  const now = Math.floor(nowMs / 1000)
  const exp = expiryOf(ttlsOf(claims), { createdAt: claims.creationEpoch, now })
  return { ...claims, iat: now, exp }
}

export function renewalError(refusal: RenewalRefusal): ApiError {
  switch (refusal) {
    case 'identity-unknown':
      return new ApiError('Unauthorized', 'The access token’s identity no longer exists')
    case 'identity-disabled':
      return new ApiError('Unauthorized', 'The access token’s identity is disabled')
    case 'budget-exhausted':
      return new ApiError(
        'Unauthorized',
        'The access token has reached its maximum lifetime and cannot be extended: log in again',
      )
    default:
      return refusalError(refusal)
  }
}
