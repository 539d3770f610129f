import { describe, expect, it } from 'vitest'
import { type SignInSource, createSignInLimits } from './sign-in-limits.ts'

describe('wrong passwords', () => {
  const clock = { ms: 0 }
  const limits = () => createSignInLimits(() => clock.ms)
  const source = { account: 'ada@example.com', ipAddress: '203.0.113.1' }
  const from = (own: ReturnType<typeof limits>) => (source: SignInSource) => own.admit(source)
  const isAdmitted = (attempt: object): boolean => 'succeeded' in attempt

  it('may be ten at once for an account from an address, and then six a minute', () => {
    const admit = from(limits())
    for (let times = 0; times < 10; times += 1) expect(isAdmitted(admit(source))).toBe(true)
    expect(admit(source)).toEqual({ retryAfterSeconds: 10, isNews: true })
    expect(admit(source)).toEqual({ retryAfterSeconds: 10, isNews: false })
    clock.ms += 10_000
    expect([isAdmitted(admit(source)), isAdmitted(admit(source))]).toEqual([true, false])
  })

  it('of one address, of IPv6 one /64, shut out neither the account elsewhere nor other accounts', () => {
    const admit = from(limits())
    const wide = { ...source, ipAddress: '2001:db8:1:2::1' }
    for (let times = 0; times < 10; times += 1) admit(wide)
    expect(isAdmitted(admit({ ...wide, ipAddress: '2001:db8:1:2::2' }))).toBe(false)
    expect(isAdmitted(admit(source))).toBe(true)
    expect(isAdmitted(admit({ ...wide, account: 'grace@example.com' }))).toBe(true)
  })

  it('for many accounts are limited too', () => {
    const admit = from(limits())
    const attempts = Array.from({ length: 80 }, (_none, index) =>
      isAdmitted(admit({ ...source, account: `${String(index)}@example.com` })),
    )
    expect(attempts.indexOf(false)).toBe(60)
  })

  it('are those alone: what succeeded never counts', () => {
    const admit = from(limits())
    for (let times = 0; times < 100; times += 1) {
      const attempt = admit(source)
      if (!('succeeded' in attempt)) throw new Error('it counted')
      attempt.succeeded()
    }
    expect(isAdmitted(admit(source))).toBe(true)
  })
})
