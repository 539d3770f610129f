import { describe, expect, test } from 'vitest'
import { Ejection } from './ejection.ts'

const always = () => true

/** Asked at once and answered at once, at each of these moments. */
function fail(ejection: Ejection, ...moments: number[]): boolean[] {
  return moments.map((now) => ejection.failed({ now, startedAt: now, mayEject: always }))
}

describe('it goes out', () => {
  test('after three failures in a row, not two', () => {
    const ejection = new Ejection()
    expect(fail(ejection, 1, 2)).toEqual([false, false])
    ejection.succeeded(3, 3)
    expect(fail(ejection, 4, 5)).toEqual([false, false])
    expect(ejection.isOut).toBe(false)
    expect(fail(ejection, 6)).toEqual([true])
    expect(ejection.isOut).toBe(true)
  })

  test('after half of ten within ten seconds', () => {
    const ejection = new Ejection()
    for (let now = 0; now < 8; now += 2) {
      ejection.succeeded(now, now)
      expect(fail(ejection, now + 1)).toEqual([false])
    }
    ejection.succeeded(8, 8)
    expect(fail(ejection, 9)).toEqual([true])
  })

  test('not after half of ten in a longer time', () => {
    const ejection = new Ejection()
    for (let now = 0; now < 100_000; now += 2600) {
      ejection.succeeded(now, now)
      expect(fail(ejection, now + 1100)).toEqual([false])
    }
  })

  test('not when that would be more than half of its pool, but then at the next failure when it may', () => {
    const ejection = new Ejection()
    const refused = [1, 2, 3, 4].map((now) => ejection.failed({ now, startedAt: now, mayEject: () => false }))
    expect(refused).toEqual([false, false, false, false])
    expect(fail(ejection, 5)).toEqual([true])
  })
})

describe('after a failure', () => {
  test('it is in question until something succeeds or it is out, and due for one canary at a time', () => {
    const ejection = new Ejection()
    expect([ejection.isInQuestion, ejection.isDueForCanary(0)]).toEqual([false, false])
    fail(ejection, 1)
    expect([ejection.isInQuestion, ejection.isDueForCanary(1)]).toEqual([true, true])
    ejection.canarySent(1)
    expect([ejection.isInQuestion, ejection.isDueForCanary(1)]).toEqual([true, false])
    // That told nothing: not at once again.
    ejection.canaryEnded(1)
    expect([1, 1000, 1001].map((now) => ejection.isDueForCanary(now))).toEqual([false, false, true])
    ejection.canarySent(1)
    ejection.canaryEnded(1)
    fail(ejection, 1)
    expect(ejection.isDueForCanary(1)).toBe(true)
    ejection.succeeded(2, 2)
    expect([ejection.isInQuestion, ejection.isDueForCanary(2)]).toEqual([false, false])
    fail(ejection, 3, 4, 5)
    expect([ejection.isInQuestion, ejection.isDueForCanary(5)]).toEqual([false, false])
  })

  test('it has a canary a second when it would be out if it were allowed', () => {
    const ejection = new Ejection()
    for (const now of [1, 2, 3]) ejection.failed({ now, startedAt: now, mayEject: () => false })
    ejection.canarySent(10)
    ejection.canaryEnded(10)
    expect([1009, 1010].map((now) => ejection.isDueForCanary(now))).toEqual([false, true])
  })
})

describe('once out', () => {
  function ejected(at: number): Ejection {
    const ejection = new Ejection()
    fail(ejection, at, at, at)
    return ejection
  }

  test('it is due for one canary after five seconds, and for one only', () => {
    const ejection = ejected(1000)
    expect(ejection.isDueForCanary(5999)).toBe(false)
    expect(ejection.isDueForCanary(6000)).toBe(true)
    ejection.canarySent(6000)
    expect(ejection.isDueForCanary(6001)).toBe(false)
    ejection.canaryEnded(6001)
    expect([7000, 7001].map((now) => ejection.isDueForCanary(now))).toEqual([false, true])
  })

  test('a canary that succeeds brings it in', () => {
    const ejection = ejected(1000)
    ejection.canarySent(6000)
    expect(ejection.succeeded(6000, 6005)).toBe(true)
    expect(ejection.isOut).toBe(false)
    expect(fail(ejection, 6010, 6020)).toEqual([false, false])
  })

  test('each canary that fails doubles the time, up to a minute', () => {
    const ejection = ejected(0)
    const times: number[] = []
    for (let round = 0; round < 6; round += 1) {
      const now = ejection.outUntil
      ejection.canarySent(now)
      expect(fail(ejection, now)).toEqual([true])
      times.push(ejection.outUntil - now)
    }
    expect(times).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000])
  })

  test('what was sent before says nothing any more', () => {
    const ejection = ejected(1000)
    expect(ejection.succeeded(900, 1100)).toBe(false)
    expect(ejection.failed({ now: 7000, startedAt: 900, mayEject: always })).toBe(false)
    expect(ejection.isOut).toBe(true)
    expect(ejection.outUntil).toBe(6000)
  })

  test('going out again soon lasts longer, after a minute in good standing not', () => {
    const ejection = ejected(0)
    ejection.succeeded(5000, 5000)
    fail(ejection, 10_000, 10_001, 10_002)
    expect(ejection.outUntil).toBe(20_002)
    ejection.succeeded(20_002, 20_002)
    fail(ejection, 90_000, 90_001, 90_002)
    expect(ejection.outUntil).toBe(95_002)
  })
})
