import type { TrustedIp } from './trusted-ips.ts'

/** How an identity's tokens came to be; one identity may have several. */
export const authMethods = ['kubernetes-auth', 'universal-auth', 'token-auth'] as const
export type AuthMethod = (typeof authMethods)[number]

/** What an auth method says of the tokens that it leads to. Whole seconds; 0 means unlimited everywhere. */
export interface AccessTokenSettings {
  ttlSeconds: number
  maxTtlSeconds: number
  /** Above 0: the token lives so long, a renewal gives it as long again, and there is no maximum. */
  periodSeconds?: number
  numUsesLimit: number
  trustedIps: readonly TrustedIp[]
}

/** No signed token lives longer than this, whatever its settings say: 90 days. */
export const accessTokenLifetimeMaxSeconds = 7_776_000

/** What clients are told as the maximum TTL when there is none: they compare it, so it must be large. */
export const unlimitedMaxTtlSeconds = 1_000_000_000
