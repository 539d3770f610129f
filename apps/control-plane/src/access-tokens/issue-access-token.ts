import type { AccessTokenSettings, AuthMethod } from './access-token-settings.ts'

export interface AccessTokenRequest {
  identityId: string
  identityName: string
  organizationId: string
  authMethod: AuthMethod
  settings: AccessTokenSettings
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
