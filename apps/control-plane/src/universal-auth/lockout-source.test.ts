import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lockoutSourceOf } from './lockout-source.ts'

describe('the source that a lockout reaches', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::/64'],
    ['2001:db8:0:0:ffff::', '2001:db8::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['2001:db8::1:0:0:1', '2001:db8::/64'],
    ['::1', '::/64'],
    ['unknown', 'unknown'],
    ['', 'unknown'],
    ['203.0.113.7:80', 'unknown'],
  ])('of %j is %s', (ipAddress, source) => {
    expect(lockoutSourceOf(ipAddress)).toBe(source)
  })

  it('is the same exactly for addresses of one /64', () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
    const text = (parts: readonly number[]) => parts.map((part) => part.toString(16)).join(':')
    fc.assert(
      fc.property(groups, groups, (one, other) => {
        // Not within ::ffff:0:0/96, whose addresses are IPv4's.
        fc.pre(one[0] !== 0 && other[0] !== 0)
        const neighbour = [...one.slice(0, 4), ...other.slice(4)]
        expect(lockoutSourceOf(text(neighbour))).toBe(lockoutSourceOf(text(one)))
        const isSame = text(one.slice(0, 4)) === text(other.slice(0, 4))
        expect(lockoutSourceOf(text(other)) === lockoutSourceOf(text(one))).toBe(isSame)
      }),
    )
  })
})
