import { randomUUID } from 'node:crypto'
import type { AccessTokenClaims } from './access-token-claims.ts'
import type { AccessTokenSettings, AuthMethod } from './access-token-settings.ts'
import type { Clock } from './database-clock.ts'
import { signAccessToken } from './sign-access-token.ts'
import type { SigningKeys } from './signing-keys.ts'
import { announcedMaxTtlSeconds, expiryOf } from './token-lifetime.ts'
import { restrictsAddresses } from './trusted-ips.ts'

export interface AccessTokenRequest {
  identityId: string
  identityName: string
  organizationId: string
  authMethod: AuthMethod
  settings: AccessTokenSettings
  /** Of the client secret that the login was made with; its revocation ends the token. */
  clientSecretId?: string
  /**
   * When what lets the identity in began to be looked at, by the clock of the tokens; now unless given. A revocation that
   * comes after that moment ends the token, even when it came before this call. Its lifetime counts from now all the same.
   */
  createdAtMs?: number
  /** What the cluster vouched for; readable by whoever verifies the token. */
  identityAuth?: { kubernetes: { namespace: string; name: string } }
}

export interface IssuedAccessToken {
  accessToken: string
  expiresInSeconds: number
  /** At least `expiresInSeconds`; 1000000000 when unlimited. */
  maxTtlSeconds: number
  /** The same through every renewal. */
  tokenId: string
}

export interface AccessTokenIssuer {
  issue(request: AccessTokenRequest): Promise<IssuedAccessToken>
}

export interface AccessTokenIssuerDependencies {
  keys: Pick<SigningKeys, 'current'>
  /** The control plane's public URL. */
  issuer: string
  clock: Clock
}

/** Issues without any input or output but the signature: nothing is stored for a token. */
export function createAccessTokenIssuer(dependencies: AccessTokenIssuerDependencies): AccessTokenIssuer {
  const { keys, issuer, clock } = dependencies
  return {
    async issue(request) {
      const claims = claimsOf(request, issuer, clock.nowMs())
      return {
        accessToken: signAccessToken(keys.current(), claims),
        expiresInSeconds: claims.exp - claims.iat,
        maxTtlSeconds: announcedMaxTtlSeconds(request.settings),
        tokenId: claims.jti,
      }
    },
  }
}

function claimsOf(request: AccessTokenRequest, issuer: string, nowMs: number): AccessTokenClaims {
  const { identityId, organizationId, settings } = request
  const now = Math.floor(nowMs / 1000)
  const tokenId = randomUUID()
  const claims: AccessTokenClaims = {
    iss: issuer,
    sub: identityId,
    jti: tokenId,
    iat: now,
    exp: expiryOf(settings, { createdAt: now, now }),
    identityId,
    identityName: request.identityName,
    authMethod: request.authMethod,
    orgId: organizationId,
    rootOrgId: organizationId,
    parentOrgId: organizationId,
    clientSecretId: request.clientSecretId ?? '',
    identityAccessTokenId: tokenId,
    authTokenType: 'identityAccessToken',
    accessTokenTTL: settings.ttlSeconds,
    accessTokenMaxTTL: settings.maxTtlSeconds,
    accessTokenPeriod: settings.periodSeconds ?? 0,
    creationEpoch: now,
    creationEpochMs: request.createdAtMs ?? nowMs,
    numUsesLimit: settings.numUsesLimit,
    ipRestrictionEnabled: restrictsAddresses(settings.trustedIps),
  }
  if (request.identityAuth !== undefined) claims.identityAuth = request.identityAuth
  return claims
}
