import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accessTokenLifetimeMaxSeconds, unlimitedMaxTtlSeconds } from './access-token-settings.ts'
import { announcedMaxTtlSeconds, expiryOf } from './token-lifetime.ts'

const createdAt = 1_800_000_000

describe('the expiry of a token', () => {
  it.each([
    ['the TTL', { ttlSeconds: 600, maxTtlSeconds: 3600 }, 0, 600],
    ['the maximum TTL, where the TTL is larger', { ttlSeconds: 3600, maxTtlSeconds: 600 }, 0, 600],
    ['what is left of the maximum TTL', { ttlSeconds: 600, maxTtlSeconds: 3600 }, 3300, 300],
    ['nothing, once the maximum TTL is used up', { ttlSeconds: 600, maxTtlSeconds: 3600 }, 3600, 0],
    ['90 days, where nothing is limited', { ttlSeconds: 0, maxTtlSeconds: 0 }, 5, 7_776_000],
    ['90 days, where both are longer', { ttlSeconds: 9_000_000, maxTtlSeconds: 315_360_000 }, 0, 7_776_000],
    ['the maximum TTL, where the TTL is unlimited', { ttlSeconds: 0, maxTtlSeconds: 900 }, 0, 900],
    [
      'the period, whatever the others say',
      { ttlSeconds: 60, maxTtlSeconds: 900, periodSeconds: 600 },
      5000,
      600,
    ],
    [
      '90 days, where the period is longer',
      { ttlSeconds: 0, maxTtlSeconds: 0, periodSeconds: 9e6 },
      0,
      7_776_000,
    ],
  ])('is %s', (_what, ttls, age, expected) => {
    const now = createdAt + age
    expect(expiryOf(ttls, { createdAt, now })).toBe(now + expected)
  })

  it('T40: never passes creation + maximum TTL nor now + 90 days, is whole, and within what is announced', () => {
    const seconds = fc.integer({ min: 0, max: 315_360_000 })
    const periods = fc.oneof(fc.constant(0), seconds)
    fc.assert(
      fc.property(seconds, seconds, periods, seconds, (ttlSeconds, maxTtlSeconds, periodSeconds, age) => {
        const ttls = { ttlSeconds, maxTtlSeconds, periodSeconds }
        const now = createdAt + age
        const exp = expiryOf(ttls, { createdAt, now })
        expect(Number.isInteger(exp)).toBe(true)
        expect(exp).toBeLessThanOrEqual(now + accessTokenLifetimeMaxSeconds)
        const isEndless = maxTtlSeconds === 0 || periodSeconds > 0
        expect(exp - createdAt).toBeLessThanOrEqual(isEndless ? Infinity : maxTtlSeconds)
        expect(announcedMaxTtlSeconds(ttls)).toBeGreaterThanOrEqual(exp - now)
      }),
    )
  })

  it('T40: with a period is now + the period, however old the token is', () => {
    const seconds = fc.integer({ min: 0, max: 315_360_000 })
    const periods = fc.integer({ min: 1, max: 315_360_000 })
    fc.assert(
      fc.property(seconds, seconds, periods, seconds, (ttlSeconds, maxTtlSeconds, periodSeconds, age) => {
        const now = createdAt + age
        const exp = expiryOf({ ttlSeconds, maxTtlSeconds, periodSeconds }, { createdAt, now })
        expect(exp).toBe(now + Math.min(periodSeconds, accessTokenLifetimeMaxSeconds))
      }),
    )
  })

  it('announces a large number where the maximum TTL is unlimited', () => {
    for (const ttls of [
      { ttlSeconds: 0, maxTtlSeconds: 0 },
      { ttlSeconds: 60, maxTtlSeconds: 600, periodSeconds: 30 },
    ]) {
      expect(announcedMaxTtlSeconds(ttls)).toBe(unlimitedMaxTtlSeconds)
    }
  })
})
