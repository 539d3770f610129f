import { describe, expect, test } from 'vitest'
import type { Behaviour, SimulatedGateway } from '../test/simulated-gateway.ts'
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

  test.each([5, 20, 100])(
    'is quick after the first failure, at %d reviews a second too: canaries ask, and no login waits',
    async (perSecond) => {
      for (let seed = 1; seed <= 30; seed += 1) {
        const pool = new SimulatedPool(seed)
        const [victim] = [pool.add({}), pool.add({})]
        pool.reviewRandomly(perSecond, 20_000)
        pool.time.after(3000, () => (victim.behaviour = drops))
        await pool.time.runUntil(23_000)
        const [ejected] = pool.eventsOf('ejected process')
        const firstLate = victim.seen.find(({ at }) => at > 3000)?.at ?? 0
        // A canary goes with a review, and has 50 ms.
        expect((ejected?.at ?? Number.POSITIVE_INFINITY) - firstLate).toBeLessThan(
          200 + 6 * (1000 / perSecond),
        )
        expect(pool.logins.filter((login) => tookMs(login) > 20).length).toBeLessThanOrEqual(8)
      }
    },
  )

  describe('while another gateway is out and has come back', () => {
    test.each([
      ['a hiccup of the one that is left', { roundTripMs: 200 }, 1, 0],
      ['a hiccup of one with two tunnels', { roundTripMs: 200 }, 2, 0],
      ['a hiccup of its API server', { apiServerMs: 150 }, 2, 0],
      ['its silence', { roundTripMs: 60_000 }, 1, 1],
      ['the silence of both its tunnels', { roundTripMs: 60_000 }, 2, 1],
      ['the silence of its API server', { apiServerMs: 60_000 }, 2, 1],
    ])('%s costs no login; hedges go there for no hiccup', async (_, trouble, slots, asked) => {
      for (let seed = 1; seed <= 10; seed += 1) {
        const { pool, left, out } = withOneOut(seed, slots)
        pool.time.after(2000, () => (out.behaviour = { kind: 'answers' }))
        pool.time.after(2500, () => Object.assign(left.options, trouble))
        await pool.time.runUntil(4500)
        expect(Math.min(1, out.seen.filter(({ at }) => at > 2500).length)).toBe(asked)
        await pool.time.runUntil(25_000)
        expect(pool.successes).toBe(pool.logins.length)
        expect(Math.max(...pool.logins.map(tookMs))).toBeLessThan(700)
      }
    })
  })

  test('of another gateway costs no login when, of two tunnels, one dies', async () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const { pool, left } = withOneOut(seed, 2)
      pool.time.after(2500, () => {
        const [dead] = left.tunnels
        if (dead !== undefined) dead.isDead = true
      })
      await pool.time.runUntil(20_000)
      expect(pool.successes).toBe(pool.logins.length)
      expect(Math.max(...pool.logins.map(tookMs))).toBeLessThan(100)
    }
  })

  test('is of the dead tunnel alone, where its process has another and the pool other gateways', async () => {
    const pool = new SimulatedPool()
    const [gateway] = [pool.add({ slots: 2 }), pool.add({ slots: 2 })]
    const [dead, sound] = gateway.tunnels
    if (dead !== undefined) dead.review = () => Promise.resolve({ kind: 'mismatched' })
    pool.reviewRandomly(100, 20_000)
    await pool.time.runUntil(21_000)
    expect(pool.successes).toBe(pool.logins.length)
    const ejected = new Set(pool.eventsOf('ejected').map(({ event }) => event))
    expect(ejected).toEqual(new Set(['ejected tunnel mismatched']))
    expect(sound?.seen.length).toBeGreaterThan(400)
  })

  test('is of none where all are slow alike', async () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const pool = new SimulatedPool(seed)
      const gateways = Array.from({ length: 4 }, () => pool.add({}))
      pool.reviewRandomly(100, 20_000)
      pool.time.after(3000, () => {
        for (const gateway of gateways) Object.assign(gateway.options, { roundTripMs: 300 })
      })
      await pool.time.runUntil(25_000)
      expect(pool.eventsOf('ejected').filter(({ at }) => at > 6000)).toEqual([])
      expect(pool.successes).toBe(pool.logins.length)
    }
  })

  test('is of none where all answer later than a canary may take, and those in question come back', async () => {
    const pool = new SimulatedPool(3)
    const gateways = Array.from({ length: 3 }, () => pool.add({ apiServerMs: 2500 }))
    pool.reviewRandomly(20, 60_000)
    pool.time.after(20_000, () => gateways[0]?.loseTunnels())
    pool.time.after(20_100, () => gateways[0]?.connect())
    await pool.time.runUntil(75_000)
    expect(pool.eventsOf('ejected')).toEqual([])
    expect(gateways[0]?.seen.filter(({ at }) => at > 40_000).length).toBeGreaterThan(50)
  })

  test('ends although another member, which may not be ejected, stays bad', async () => {
    const { pool, gateways } = poolOf(unreachable, unreachable, { kind: 'answers' })
    pool.reviewRandomly(100, 40_000)
    await pool.time.runUntil(3000)
    const isOut = (index: number): boolean =>
      gateways[index]?.tunnels.some((one) => pool.state.standings.of(one).isOut) === true
    const out = [0, 1].filter(isOut)
    expect(out).toHaveLength(1)
    for (const index of out) Object.assign(gateways[index] ?? {}, { behaviour: { kind: 'answers' } })
    await pool.time.runUntil(41_000)
    expect(out.filter(isOut)).toEqual([])
    // Canaries to the bad one: few, and not one for each login.
    expect(pool.eventsOf('asked canary').length).toBeLessThan(100)
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
    const ejectedAt = pool.eventsOf('ejected')[0]?.at ?? Number.POSITIVE_INFINITY
    expect(ejectedAt).toBeLessThan(2000)
    pool.time.after(9000, () => victim && (victim.behaviour = { kind: 'answers' }))
    await pool.time.runUntil(31_000)
    const canaries = pool.eventsOf('asked canary').filter(({ at }) => at > ejectedAt + 1000)
    expect(canaries.map(({ event }) => event)).toEqual([
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

/** Logins for 6 s; one of two gateways drops from the first second on, and is ejected at once. */
function withOneOut(
  seed: number,
  slots: number,
): { pool: SimulatedPool; left: SimulatedGateway; out: SimulatedGateway } {
  const pool = new SimulatedPool(seed)
  const [left, out] = [pool.add({ slots }), pool.add({})]
  pool.reviewRandomly(100, 6000)
  pool.time.after(1000, () => (out.behaviour = drops))
  return { pool, left, out }
}
