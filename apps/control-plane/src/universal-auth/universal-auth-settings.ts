import type {
  AttachUniversalAuthRequest,
  UpdateUniversalAuthRequest,
} from '@postern/api-contract/universal-auth'
import { readTrustedIps, type TrustedIp } from '../access-tokens/trusted-ips.ts'
import { invalidField } from '../http/validation-failure.ts'
import type { UniversalAuthSettings } from './universal-auth.ts'

/** What a request to attach asks for. Throws ApiErrors that name the field. */
export function settingsToAttach(body: AttachUniversalAuthRequest): UniversalAuthSettings {
  return checked({
    clientSecretTrustedIps: readTrustedIps('clientSecretTrustedIps', body.clientSecretTrustedIps),
    accessToken: {
      ttlSeconds: body.accessTokenTTL,
      maxTtlSeconds: body.accessTokenMaxTTL,
      periodSeconds: body.accessTokenPeriod,
      numUsesLimit: body.accessTokenNumUsesLimit,
      trustedIps: readTrustedIps('accessTokenTrustedIps', body.accessTokenTrustedIps),
    },
    lockout: {
      isEnabled: body.lockoutEnabled,
      threshold: body.lockoutThreshold,
      durationSeconds: body.lockoutDurationSeconds,
      counterResetSeconds: body.lockoutCounterResetSeconds,
    },
  })
}

/** The settings after a change. What is absent stays. Throws ApiErrors that name the field. */
export function settingsToUpdate(
  { clientSecretTrustedIps, accessToken, lockout }: UniversalAuthSettings,
  body: UpdateUniversalAuthRequest,
): UniversalAuthSettings {
  return checked({
    clientSecretTrustedIps: changed('clientSecretTrustedIps', clientSecretTrustedIps, body),
    accessToken: {
      ttlSeconds: body.accessTokenTTL ?? accessToken.ttlSeconds,
      maxTtlSeconds: body.accessTokenMaxTTL ?? accessToken.maxTtlSeconds,
      periodSeconds: body.accessTokenPeriod ?? accessToken.periodSeconds,
      numUsesLimit: body.accessTokenNumUsesLimit ?? accessToken.numUsesLimit,
      trustedIps: changed('accessTokenTrustedIps', accessToken.trustedIps, body),
    },
    lockout: {
      isEnabled: body.lockoutEnabled ?? lockout.isEnabled,
      threshold: body.lockoutThreshold ?? lockout.threshold,
      durationSeconds: body.lockoutDurationSeconds ?? lockout.durationSeconds,
      counterResetSeconds: body.lockoutCounterResetSeconds ?? lockout.counterResetSeconds,
    },
  })
}

function changed(
  field: 'clientSecretTrustedIps' | 'accessTokenTrustedIps',
  current: readonly TrustedIp[],
  body: UpdateUniversalAuthRequest,
): readonly TrustedIp[] {
  const given = body[field]
  return given === undefined ? current : readTrustedIps(field, given)
}

function checked(settings: UniversalAuthSettings): UniversalAuthSettings {
  const { ttlSeconds, maxTtlSeconds } = settings.accessToken
  if (maxTtlSeconds === 0 || ttlSeconds <= maxTtlSeconds) return settings
  throw invalidField('accessTokenTTL', 'is larger than accessTokenMaxTTL')
}
