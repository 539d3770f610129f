import { describe, expect, it } from 'vitest'
import { FailedLoginLimits } from './failed-login-limits.ts'
import { failureKey } from './failure-key.ts'

describe('limits on failed logins', () => {
  it('T26: gives drops back with time, up to the burst and no further', () => {
    let now = 0
    const limits = new FailedLoginLimits({ nowMs: () => now, perMinute: 10 })
    limits.spend('a')
    limits.spend('a')
    expect(limits.exhausted('a')).toEqual({ retryAfterSeconds: 6, isNews: true })
    expect(limits.exhausted('a')).toEqual({ retryAfterSeconds: 6, isNews: false })
    expect(limits.exhausted('b')).toBeUndefined()
    now = 6000
    expect(limits.exhausted('a')).toBeUndefined()
    now = 3_600_000
    limits.spend('a')
    limits.spend('a')
    expect(limits.exhausted('a')).toEqual({ retryAfterSeconds: 6, isNews: true })
  })

  it('limits nothing where the limit is 0', () => {
    const limits = new FailedLoginLimits({ nowMs: () => 0, perMinute: 0 })
    for (let failures = 0; failures < 1000; failures += 1) limits.spend('a')
    expect(limits.exhausted('a')).toBeUndefined()
  })

  it('T26: survives a clock that steps back', () => {
    let now = 10_000
    const limits = new FailedLoginLimits({ nowMs: () => now, perMinute: 5 })
    limits.spend('a')
    now = 0
    expect(limits.exhausted('a')).toBeDefined()
  })

  it('T26: forgets the key that failed longest ago, rather than grow', () => {
    const limits = new FailedLoginLimits({ nowMs: () => 0, perMinute: 5, keysMax: 2 })
    limits.spend('a')
    limits.spend('b')
    limits.spend('a')
    limits.spend('c')
    expect(limits.exhausted('a')).toBeDefined()
    expect(limits.exhausted('b')).toBeUndefined()
  })
})

describe('whose failures are counted together', () => {
  const keyOf = (identityId: string, ipAddress: string, couldBeLive = true): string =>
    failureKey({ identityId, ipAddress, requestId: '', jwt: '' }, couldBeLive)

  it.each([
    ['an identity id in another case', keyOf('AB', '192.0.2.1'), keyOf('ab', '192.0.2.1')],
    ['addresses of one /64', keyOf('a', '2001:db8:1:2:3::4'), keyOf('a', '2001:db8:1:2::9')],
  ])('%s', (_title, left, right) => {
    expect(left).toBe(right)
  })

  it.each([
    ['other identities', keyOf('a', '192.0.2.1'), keyOf('b', '192.0.2.1')],
    ['other addresses', keyOf('a', '192.0.2.1'), keyOf('a', '192.0.2.2')],
    ['another /64', keyOf('a', '2001:db8:1:2::9'), keyOf('a', '2001:db8:1:3::9')],
    ['junk', keyOf('a', '192.0.2.1'), keyOf('a', '192.0.2.1', false)],
  ])('not %s', (_title, left, right) => {
    expect(left).not.toBe(right)
  })
})
