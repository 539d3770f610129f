import {
  type AccessTokenSettings,
  accessTokenLifetimeMaxSeconds,
  unlimitedMaxTtlSeconds,
} from './access-token-settings.ts'

type Ttls = Pick<AccessTokenSettings, 'ttlSeconds' | 'maxTtlSeconds' | 'periodSeconds'>

/** Times are whole seconds since the epoch. */
export interface TokenTimes {
  createdAt: number
  now: number
}

/**
 * When a token that is issued or renewed now expires: the least of now + TTL, creation + maximum TTL and now + 90 days,
 * where 0 sets no bound. With a period: the least of now + period and now + 90 days.
 */
export function expiryOf(ttls: Ttls, { createdAt, now }: TokenTimes): number {
  const { ttlSeconds, maxTtlSeconds } = boundsOf(ttls)
  return Math.min(
    ttlSeconds === 0 ? Infinity : now + ttlSeconds,
    maxTtlSeconds === 0 ? Infinity : createdAt + maxTtlSeconds,
    now + accessTokenLifetimeMaxSeconds,
  )
}

/** Clients renew only while this is above what is left, so it is never less than a token's lifetime. */
export function announcedMaxTtlSeconds(ttls: Ttls): number {
  const { maxTtlSeconds } = boundsOf(ttls)
  return maxTtlSeconds === 0 ? unlimitedMaxTtlSeconds : maxTtlSeconds
}

/** What the claims of a token say of its lifetime. */
export function ttlsOf(
  claims: Record<'accessTokenTTL' | 'accessTokenMaxTTL' | 'accessTokenPeriod', number>,
): Ttls {
  return {
    ttlSeconds: claims.accessTokenTTL,
    maxTtlSeconds: claims.accessTokenMaxTTL,
    periodSeconds: claims.accessTokenPeriod,
  }
}

function boundsOf({ ttlSeconds, maxTtlSeconds, periodSeconds = 0 }: Ttls): Ttls {
  return periodSeconds === 0 ? { ttlSeconds, maxTtlSeconds } : { ttlSeconds: periodSeconds, maxTtlSeconds: 0 }
}
