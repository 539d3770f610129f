import type { AccessTokenClaims } from './access-token-claims.ts'
import type { AccessTokenUseStore } from './access-token-use-store.ts'
import { type CheckAccessToken, refusalError } from './check-access-token.ts'

export interface ActiveAccessToken {
  claims: AccessTokenClaims
  /** Null: any number. */
  usesLeft: number | null
}

/**
 * Whether a token would be accepted now, for somebody who is not its holder: from which address it may be used is left
 * out, and no use is spent. Undefined: it would not, or it is another organization's. Throws ServiceUnavailable where
 * revocations cannot be known.
 */
export type IntrospectAccessToken = (
  token: string,
  organizationId: string,
) => Promise<ActiveAccessToken | undefined>

export interface IntrospectAccessTokenDependencies {
  checkToken: CheckAccessToken
  findIdentity: (identityId: string) => Promise<{ isDisabled: boolean; organizationId: string } | undefined>
  uses: Pick<AccessTokenUseStore, 'countOf'>
}

export function createIntrospectAccessToken({
  checkToken,
  findIdentity,
  uses,
}: IntrospectAccessTokenDependencies): IntrospectAccessToken {
  return async (token, organizationId) => {
    const checked = await checkToken(token, undefined)
    if (checked.kind === 'refused') {
      if (checked.refusal === 'revocations-unknown') throw refusalError(checked.refusal)
      return undefined
    }
    const { claims } = checked
    if (claims.orgId !== organizationId) return undefined
    const identity = await findIdentity(claims.identityId)
    if (identity === undefined || identity.isDisabled || identity.organizationId !== organizationId)
      return undefined
    if (claims.numUsesLimit === 0) return { claims, usesLeft: null }
    const usesLeft = claims.numUsesLimit - (await uses.countOf(claims.jti))
    return usesLeft > 0 ? { claims, usesLeft } : undefined
  }
}
