import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DatabaseClock } from './database-clock.ts'

describe('the database’s clock', () => {
  it('is not known before it has been read', () => {
    expect(() => new DatabaseClock().nowMs()).toThrow('has not been read')
  })

  it('goes on from the moment that the answer arrived', () => {
    let local = 0
    const clock = new DatabaseClock(() => local)
    clock.observe({ databaseMs: 5000.7, sentAtMs: 90, receivedAtMs: 100 })
    local = 100
    expect(clock.nowMs()).toBe(5000)
    local = 350
    expect(clock.nowMs()).toBe(5250)
  })

  it('never runs ahead of the database, whatever the delays, and errs by the best round trip at most', () => {
    const delay = fc.integer({ min: 0, max: 400 })
    const exchange = fc.record({ pause: delay, there: delay, back: delay })
    fc.assert(
      fc.property(fc.integer(), fc.array(exchange, { minLength: 1, maxLength: 8 }), (skew, exchanges) => {
        let local = 0
        const clock = new DatabaseClock(() => local)
        let bestBackMs = Infinity
        for (const { pause, there, back } of exchanges) {
          local += pause
          const sentAtMs = local
          const databaseMs = local + there + skew
          local += there + back
          clock.observe({ databaseMs, sentAtMs, receivedAtMs: local })
          bestBackMs = Math.min(bestBackMs, back)
          const behindMs = local + skew - clock.nowMs()
          expect(behindMs).toBeGreaterThanOrEqual(0)
          expect(behindMs).toBeLessThanOrEqual(bestBackMs)
        }
      }),
    )
  })

  it('follows a database whose clock steps back', () => {
    let local = 100
    const clock = new DatabaseClock(() => local)
    clock.observe({ databaseMs: 60_000, sentAtMs: 99, receivedAtMs: 100 })
    local = 200
    clock.observe({ databaseMs: 50_000, sentAtMs: 199, receivedAtMs: 200 })
    expect(clock.nowMs()).toBe(50_000)
  })
})
