import type { ClientSecretData, IdentityUniversalAuth } from '@postern/api-contract/universal-auth'
import { shownTrustedIps } from '../access-tokens/trusted-ips.ts'
import type { ClientSecret } from './client-secret.ts'
import type { UniversalAuth } from './universal-auth.ts'

/** As the contract shows it; there is nothing secret in it. */
export function universalAuthReplyOf(auth: UniversalAuth): { identityUniversalAuth: IdentityUniversalAuth } {
  const { accessToken, lockout } = auth
  return {
    identityUniversalAuth: {
      id: auth.id,
      clientId: auth.clientId,
      identityId: auth.identityId,
      createdAt: auth.createdAt.toISOString(),
      updatedAt: auth.updatedAt.toISOString(),
      clientSecretTrustedIps: shownTrustedIps(auth.clientSecretTrustedIps),
      accessTokenTrustedIps: shownTrustedIps(accessToken.trustedIps),
      accessTokenTTL: accessToken.ttlSeconds,
      accessTokenMaxTTL: accessToken.maxTtlSeconds,
      accessTokenNumUsesLimit: accessToken.numUsesLimit,
      accessTokenPeriod: accessToken.periodSeconds,
      lockoutEnabled: lockout.isEnabled,
      lockoutThreshold: lockout.threshold,
      lockoutDurationSeconds: lockout.durationSeconds,
      lockoutCounterResetSeconds: lockout.counterResetSeconds,
    },
  }
}

export function clientSecretDataOf(secret: ClientSecret): ClientSecretData {
  return {
    id: secret.id,
    createdAt: secret.createdAt.toISOString(),
    updatedAt: secret.updatedAt.toISOString(),
    isClientSecretRevoked: secret.revokedAt !== null,
    description: secret.description,
    clientSecretPrefix: secret.prefix,
    clientSecretNumUses: secret.numUses,
    clientSecretNumUsesLimit: secret.numUsesLimit,
    clientSecretTTL: secret.ttlSeconds,
    clientSecretExpiresAt: secret.expiresAt?.toISOString() ?? null,
    clientSecretLastUsedAt: secret.lastUsedAt?.toISOString() ?? null,
    identityUAId: secret.universalAuthId,
  }
}
