import { z } from 'zod'
import { authMethods } from './access-token-settings.ts'

const wholeSeconds = z.int().nonnegative()

/**
 * What an access token says. The names are those that the contract's clients decode; all numbers are whole.
 * `creationEpochMs` is Postern's own: revocations compare it, because seconds cannot tell a login from a revocation.
 * It may lie a second before `creationEpoch`: see `AccessTokenRequest.createdAtMs`.
 */
const accessTokenClaims = z.object({
  iss: z.string(),
  sub: z.string(),
  jti: z.string(),
  iat: wholeSeconds,
  exp: wholeSeconds,
  identityId: z.string(),
  identityName: z.string(),
  authMethod: z.enum(authMethods),
  orgId: z.string(),
  rootOrgId: z.string(),
  parentOrgId: z.string(),
  /** Empty but for Universal Auth. */
  clientSecretId: z.string(),
  identityAccessTokenId: z.string(),
  authTokenType: z.literal('identityAccessToken'),
  accessTokenTTL: wholeSeconds,
  accessTokenMaxTTL: wholeSeconds,
  accessTokenPeriod: wholeSeconds,
  creationEpoch: wholeSeconds,
  creationEpochMs: z.int().nonnegative(),
  numUsesLimit: z.int().nonnegative(),
  ipRestrictionEnabled: z.boolean(),
  identityAuth: z
    .object({ kubernetes: z.object({ namespace: z.string(), name: z.string() }) })
    .exactOptional(),
})

export type AccessTokenClaims = z.output<typeof accessTokenClaims>

/** Reads the payload of a token whose signature is good. Undefined for whatever is not an access token of `issuer`. */
export function readClaims(payload: Buffer, issuer: string): AccessTokenClaims | undefined {
  const claims = accessTokenClaims.safeParse(parseJson(payload.toString('utf8')))
  if (!claims.success || claims.data.iss !== issuer) return undefined
  return claims.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
