import {
  type AccessTokenSettings,
  accessTokenLifetimeMaxSeconds,
  unlimitedMaxTtlSeconds,
} from './access-token-settings.ts'

type Ttls = Pick<AccessTokenSettings, 'ttlSeconds' | 'maxTtlSeconds'>

/** Times are whole seconds since the epoch. */
export interface TokenTimes {
  createdAt: number
  now: number
}

/**
 * When a token that is issued or renewed now expires: the least of now + TTL, creation + maximum TTL and now + 90 days,
 * where 0 sets no bound.
 */
export function expiryOf({ ttlSeconds, maxTtlSeconds }: Ttls, { createdAt, now }: TokenTimes): number {
  return Math.min(
    ttlSeconds === 0 ? Infinity : now + ttlSeconds,
    maxTtlSeconds === 0 ? Infinity : createdAt + maxTtlSeconds,
    now + accessTokenLifetimeMaxSeconds,
  )
}

/** Clients renew only while this is above what is left, so it is never less than a token's lifetime. */
export function announcedMaxTtlSeconds({ maxTtlSeconds }: Ttls): number {
  return maxTtlSeconds === 0 ? unlimitedMaxTtlSeconds : maxTtlSeconds
}
