import { describe, expect, test } from 'vitest'
import type { Behaviour } from '../test/simulated-gateway.ts'
import { poolOf, SimulatedPool, tookMs } from '../test/simulated-pool.ts'

const unreachable: Behaviour = { kind: 'fails', code: 'api-server-unreachable' }
const drops: Behaviour = { kind: 'drops' }

describe('ejection', () => {
  test.each([
    [201, 0],
    [200, 1],
  ])('with a lag of this replica itself of %d ms happens %d times', async (lagMs, times) => {
    const { pool, gateways } = poolOf({ kind: 'answers' }, { kind: 'answers' })
    pool.lagMs = lagMs
    pool.reviewRandomly(200, 3000)
    pool.time.after(1000, () => gateways[0] && (gateways[0].behaviour = drops))
    await pool.time.runUntil(3500)
    expect(pool.eventsOf('ejected')).toHaveLength(times)
    expect(pool.successes).toBe(pool.logins.length)
  })

  test('never takes more than half of a pool', async () => {
    const { pool, gateways } = poolOf(drops, drops, drops, { kind: 'answers' })
    pool.reviewRandomly(100, 20_000)
    await pool.time.runUntil(31_000)
    const out = gateways.filter(({ tunnels }) => tunnels.some((one) => pool.state.standings.of(one).isOut))
    expect(out).toHaveLength(2)
    expect(pool.successes).toBe(pool.logins.length)
  })

  test('of all is no ejection: when they answer again, logins succeed at once', async () => {
    const { pool, gateways } = poolOf(unreachable, unreachable)
    pool.reviewRandomly(100, 6000)
    await pool.time.runUntil(3000)
    for (const gateway of gateways) gateway.behaviour = { kind: 'answers' }
    await pool.time.runUntil(7000)
    const after = pool.logins.filter(({ startedAt }) => startedAt > 3000)
    expect(after.length).toBeGreaterThan(100)
    expect(after.every(({ outcome }) => outcome.kind === 'reviewed')).toBe(true)
  })

  test('ends with one canary that no login waits for', async () => {
    const { pool, gateways } = poolOf({ kind: 'answers' }, { kind: 'answers' })
    const [victim] = gateways
    pool.reviewRandomly(200, 30_000)
    pool.time.after(1000, () => victim && (victim.behaviour = drops))
    await pool.time.runUntil(2000)
    expect(pool.eventsOf('ejected')).toHaveLength(1)
    pool.time.after(9000, () => victim && (victim.behaviour = { kind: 'answers' }))
    await pool.time.runUntil(31_000)
    expect(pool.eventsOf('asked canary').map(({ event }) => event)).toEqual([
      'asked canary timed-out',
      'asked canary authenticated',
    ])
    expect(pool.eventsOf('readmitted process')).toHaveLength(1)
    const after = pool.logins.filter(({ startedAt }) => startedAt > 2000)
    expect(Math.max(...after.map(tookMs))).toBeLessThan(10)
    const readmittedAt = pool.eventsOf('readmitted')[0]?.at ?? 0
    const backSoon = victim?.seen.filter(({ at }) => at > readmittedAt && at < readmittedAt + 2000)
    expect(backSoon?.length).toBeGreaterThan(100)
  })

  test('is forgotten with its latency: what took long to fail has its share again as soon as it is back', async () => {
    const { pool, gateways } = poolOf({ kind: 'answers' }, { kind: 'answers' })
    const [victim] = gateways
    const slowDown = (apiServerMs: number, behaviour: Behaviour) => () => {
      if (victim !== undefined) Object.assign(victim, { behaviour }).options.apiServerMs = apiServerMs
    }
    pool.reviewRandomly(200, 12_000)
    pool.time.after(1000, slowDown(800, { kind: 'drops-after-accepted' }))
    pool.time.after(4000, slowDown(3, { kind: 'answers' }))
    await pool.time.runUntil(13_000)
    const backAt = pool.eventsOf('readmitted')[0]?.at ?? Number.POSITIVE_INFINITY
    expect(victim?.seen.filter(({ at }) => at > backAt).length).toBeGreaterThan(100)
  })

  test('leaves the other tunnel of a process in the choice when only one is dead', async () => {
    const pool = new SimulatedPool()
    const gateway = pool.add({ slots: 2 })
    const [dead] = gateway.tunnels
    if (dead !== undefined) dead.review = () => Promise.resolve({ kind: 'mismatched' })
    pool.reviewRandomly(50, 3000)
    await pool.time.runUntil(3500)
    expect(pool.successes).toBe(pool.logins.length)
    expect(pool.eventsOf('ejected').map(({ event }) => event)).toEqual(['ejected tunnel mismatched'])
    if (dead !== undefined) Reflect.deleteProperty(dead, 'review')
    pool.reviewRandomly(50, 6000)
    await pool.time.runUntil(12_000)
    expect(pool.eventsOf('readmitted').map(({ event }) => event)).toEqual(['readmitted tunnel'])
    expect(dead?.seen.length).toBeGreaterThan(10)
  })
})
