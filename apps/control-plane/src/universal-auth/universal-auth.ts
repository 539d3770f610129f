import type { AccessTokenSettings } from '../access-tokens/access-token-settings.ts'
import { anyAddress, type TrustedIp } from '../access-tokens/trusted-ips.ts'

/** What becomes of a source that keeps sending wrong client secrets. Whole seconds. */
export interface LockoutSettings {
  isEnabled: boolean
  /** So many wrong ones lock the source out. */
  threshold: number
  durationSeconds: number
  /** So long after the last wrong one the count begins anew. */
  counterResetSeconds: number
}

/** What an operator decides about how an identity logs in with client secrets. */
export interface UniversalAuthSettings {
  /** From where the secrets may be used to log in. */
  clientSecretTrustedIps: readonly TrustedIp[]
  accessToken: AccessTokenSettings & { periodSeconds: number }
  lockout: LockoutSettings
}

/** The Universal Auth of one identity. An identity has at most one. */
export interface UniversalAuth extends UniversalAuthSettings {
  id: string
  identityId: string
  organizationId: string
  /** A UUID; no secret. */
  clientId: string
  /** And was not changed since: whoever attaches one configures it. */
  cameWithIdentity: boolean
  createdAt: Date
  updatedAt: Date
}

/** What the contract's defaults say, and what a new identity comes with. */
export const defaultUniversalAuthSettings: UniversalAuthSettings = {
  clientSecretTrustedIps: anyAddress,
  accessToken: {
    ttlSeconds: 2_592_000,
    maxTtlSeconds: 2_592_000,
    periodSeconds: 0,
    numUsesLimit: 0,
    trustedIps: anyAddress,
  },
  lockout: { isEnabled: true, threshold: 3, durationSeconds: 300, counterResetSeconds: 30 },
}
