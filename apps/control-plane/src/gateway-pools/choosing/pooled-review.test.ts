import { describe, expect, test } from 'vitest'
import { poolOf, SimulatedPool, tookMs } from '../test/simulated-pool.ts'
import type { Behaviour, SimulatedGateway } from '../test/simulated-gateway.ts'

const forbidden: Behaviour = { kind: 'fails', code: 'reviewer-forbidden' }
const unreachable: Behaviour = { kind: 'fails', code: 'api-server-unreachable' }
const drops: Behaviour = { kind: 'drops' }
const dropsAfterAccepted: Behaviour = { kind: 'drops-after-accepted' }

/** Has a gateway's tunnels chosen first, by what is known of the others. */
function preferFirst(pool: SimulatedPool, [first, ...others]: SimulatedGateway[]): void {
  for (const tunnel of first?.tunnels ?? []) pool.state.standings.of(tunnel).latency.observe(1, 0)
  for (const tunnel of others.flatMap(({ tunnels }) => tunnels))
    pool.state.standings.of(tunnel).latency.observe(100, 0)
}

function preferred(...behaviours: Behaviour[]): { pool: SimulatedPool; gateways: SimulatedGateway[] } {
  const made = poolOf(...behaviours)
  preferFirst(made.pool, made.gateways)
  return made
}

describe('a gateway that gives no sign', () => {
  test('has another asked beside it after 50 ms, and is told that its answer is not wanted', async () => {
    const { pool, gateways } = preferred(drops, { kind: 'answers' })
    const review = pool.review('a')
    await pool.time.runUntil(49)
    expect(gateways[1]?.seen).toEqual([])
    await pool.time.runUntil(70)
    expect(await review).toMatchObject({
      kind: 'reviewed',
      verdict: { username: 'of a' },
      via: {
        gatewayPoolId: 'pool',
        gatewayId: 'gateway-2',
        attempts: 1,
        hedged: true,
        tried: [
          { gatewayId: 'gateway-1', outcome: 'overtaken' },
          { gatewayId: 'gateway-2', outcome: 'authenticated' },
        ],
      },
    })
    expect(gateways.map(({ inFlight }) => inFlight)).toEqual([0, 0])
    expect(gateways[1]?.seen).toMatchObject([{ attempt: 2, at: 50 }])
  })

  test('whose hedge is silent too has a third asked, and no fourth', async () => {
    const { pool, gateways } = poolOf(drops, drops, drops, drops)
    void pool.review()
    await pool.time.runUntil(9000)
    expect(gateways.flatMap(({ seen }) => seen.map(({ at }) => at)).sort((a, b) => a - b)).toEqual([
      0, 50, 100,
    ])
    await pool.time.runUntil(10_000)
    expect(pool.logins[0]?.outcome).toMatchObject({
      failure: 'deadline-exceeded',
      via: { attempts: 2, hedged: true },
    })
  })

  test('is not held up by its own other tunnel where there is another gateway', async () => {
    const pool = new SimulatedPool()
    const silent = Object.assign(pool.add({ slots: 2 }), { behaviour: drops })
    const other = pool.add()
    preferFirst(pool, [silent, other])
    void pool.review()
    await pool.time.runUntil(1000)
    expect([silent.seen.length, other.seen.length]).toEqual([1, 1])
  })

  test('alone in its pool is asked once, to the end of the time', async () => {
    const { pool, gateways } = poolOf(drops)
    void pool.review('a', 5000)
    await pool.time.runUntil(5000)
    expect(pool.logins[0]?.outcome).toMatchObject({ failure: 'deadline-exceeded', via: { attempts: 1 } })
    expect(gateways[0]?.seen).toHaveLength(1)
  })
})

describe('a gateway that has accepted', () => {
  test('has nobody asked beside it before nearly all reviews would be done', async () => {
    const { pool, gateways } = preferred({ kind: 'drops-after-accepted' }, { kind: 'answers' })
    void pool.review()
    await pool.time.runUntil(499)
    expect(gateways[1]?.seen).toEqual([])
    await pool.time.runUntil(600)
    expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'reviewed', via: { hedged: true } })
  })

  test('has its own other tunnels left alone: it makes no second call of a review', async () => {
    const pool = new SimulatedPool()
    const gateway = Object.assign(pool.add({ slots: 2 }), {
      behaviour: dropsAfterAccepted,
    })
    void pool.review()
    await pool.time.runUntil(10_100)
    expect(gateway.seen).toHaveLength(1)
    expect(pool.logins[0]?.outcome).toMatchObject({ failure: 'deadline-exceeded' })
  })

  test('is compared with what reviews of this pool take', async () => {
    const { pool, gateways } = preferred({ kind: 'answers' }, { kind: 'answers' })
    pool.reviewRandomly(50, 2000)
    await pool.time.runUntil(4000)
    const before = gateways[1]?.seen.length
    for (const { options } of gateways) options.apiServerMs = 300
    void pool.review('slow')
    await pool.time.runUntil(4100)
    const slow = gateways.flatMap(({ seen }) => seen.filter(({ token }) => token === 'slow'))
    expect(slow.map(({ at }) => at - 4000)).toEqual([0, 50])
    expect(gateways[1]?.seen.length).toBeGreaterThan(before ?? 0)
  })
})

describe('D7 what the cluster has said is final', () => {
  test('a token that is not authentic is shown to one gateway only', async () => {
    const { pool, gateways } = poolOf({ kind: 'answers' }, { kind: 'answers' })
    void pool.review('bad')
    await pool.time.runUntil(1000)
    expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'reviewed', verdict: { authenticated: false } })
    expect(gateways.flatMap(({ seen }) => seen)).toHaveLength(1)
  })

  test.each(['reviewer-forbidden', 'reviewer-unauthorized', 'malformed-answer'] as const)(
    '%s is not tried elsewhere',
    async (code) => {
      const { pool, gateways } = preferred({ kind: 'fails', code }, { kind: 'answers' })
      void pool.review()
      await pool.time.runUntil(1000)
      expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'failed', failure: code, via: { attempts: 1 } })
      expect(gateways[1]?.seen).toEqual([])
    },
  )

  test('a refusal of the reviewer ends a review even while another gateway is being asked', async () => {
    const { pool, gateways } = preferred(drops, forbidden)
    void pool.review()
    await pool.time.runUntil(100)
    expect(pool.logins[0]?.outcome).toMatchObject({ failure: 'reviewer-forbidden', via: { hedged: true } })
    expect(gateways.map(({ inFlight }) => inFlight)).toEqual([0, 0])
  })
})

describe('what is the API server’s doing', () => {
  test('429 is no failure of the gateway, and is obeyed for the whole pool', async () => {
    const { pool, gateways } = preferred(
      { kind: 'fails', code: 'api-server-overloaded', retryAfterMs: 1500 },
      { kind: 'answers' },
    )
    for (let count = 0; count < 5; count += 1) void pool.review()
    await pool.time.runUntil(500)
    const asked = gateways.flatMap(({ seen }) => seen).length
    void pool.review('during the pause')
    await pool.time.runUntil(1000)
    expect(pool.logins.at(-1)?.outcome).toMatchObject({
      failure: 'api-server-overloaded',
      detail: expect.stringContaining('API server of the cluster'),
      retryAfterSeconds: 2,
      via: { attempts: 0 },
    })
    expect(gateways.flatMap(({ seen }) => seen)).toHaveLength(asked)
    expect(pool.eventsOf('ejected')).toEqual([])
    void pool.review('after it')
    await pool.time.runUntil(2500)
    void pool.review('after it')
    await pool.time.runUntil(3000)
    expect(gateways.flatMap(({ seen }) => seen).filter(({ token }) => token === 'after it')).toHaveLength(1)
  })

  test('5xx is told at once, retried nowhere, and ejects nobody', async () => {
    const { pool, gateways } = preferred({ kind: 'fails', code: 'api-server-error' }, { kind: 'answers' })
    for (let count = 0; count < 20; count += 1) {
      void pool.review()
      await pool.time.runUntil((count + 1) * 100)
    }
    expect(pool.eventsOf('ejected')).toEqual([])
    const failed = pool.logins.filter(({ outcome }) => outcome.kind === 'failed')
    expect(failed.length).toBeGreaterThan(0)
    expect(
      failed.every(({ outcome }) => outcome.via.reviewer === 'gateway' && outcome.via.attempts === 1),
    ).toBe(true)
    expect(gateways.flatMap(({ seen }) => seen)).toHaveLength(20)
  })

  test('one that only one gateway does not reach is asked through another, and the gateway ejected', async () => {
    const { pool } = poolOf(unreachable, { kind: 'answers' })
    pool.reviewRandomly(100, 2000)
    await pool.time.runUntil(2100)
    expect(pool.successes).toBe(pool.logins.length)
    expect(pool.eventsOf('ejected process failed')).toHaveLength(1)
  })

  test('one that three gateways do not reach is not asked through a fourth', async () => {
    const { pool, gateways } = preferred(unreachable, unreachable, unreachable, { kind: 'answers' })
    for (const tunnel of gateways[3]?.tunnels ?? []) pool.state.standings.of(tunnel).process.avoid(1000)
    void pool.review()
    await pool.time.runUntil(500)
    expect(pool.logins[0]?.outcome).toMatchObject({ failure: 'api-server-unreachable', via: { attempts: 2 } })
    expect(gateways.flatMap(({ seen }) => seen)).toHaveLength(2)
  })

  test('no gateway sends callers away for more than five minutes', async () => {
    const { pool } = poolOf({ kind: 'fails', code: 'overloaded', retryAfterMs: 86_400_000 })
    void pool.review()
    await pool.time.runUntil(100)
    expect(pool.logins[0]?.outcome).toMatchObject({ failure: 'gateway-overloaded', retryAfterSeconds: 300 })
  })
})

describe('a tunnel that is lost', () => {
  test('with many reviews costs none of them, within the retry budget, and is held against its process once', async () => {
    const pool = new SimulatedPool()
    const [dying] = [pool.add({ apiServerMs: 200 }), pool.add({ apiServerMs: 20 })]
    for (let count = 0; count < 100; count += 1) void pool.review()
    pool.time.after(30, () => dying.loseTunnels())
    let extras = 0
    for (let now = 30; now < 3000; now += 1) {
      await pool.time.runUntil(now)
      extras = Math.max(extras, pool.retryBudget.extras)
    }
    expect(pool.successes).toBe(100)
    expect(extras).toBeGreaterThan(3)
    expect(extras).toBeLessThanOrEqual(20)
    expect(pool.eventsOf('exhausted retry').length).toBeGreaterThan(0)
    expect(pool.eventsOf('ejected')).toEqual([])
  })

  test('with identical reviews, which were one call there, costs none of them either', async () => {
    const pool = new SimulatedPool()
    const [dying, other] = [pool.add({ apiServerMs: 200 }), pool.add({ apiServerMs: 20 })]
    for (let count = 0; count < 100; count += 1) void pool.review('one-token')
    pool.time.after(30, () => dying.loseTunnels())
    await pool.time.runUntil(3000)
    expect(pool.successes).toBe(100)
    expect(dying.seen.length).toBeGreaterThan(10)
    expect(other.seen).toHaveLength(100)
  })

  test('is not followed by another that dies with it', async () => {
    const pool = new SimulatedPool()
    const gateway = pool.add({ slots: 2 })
    for (let count = 0; count < 20; count += 1) void pool.review()
    pool.time.after(1, () => gateway.tunnels[0]?.lose())
    pool.time.after(2, () => pool.flap(gateway, 300))
    await pool.time.runUntil(2000)
    expect(pool.successes).toBe(20)
  })

  test('of the only gateway is waited for', async () => {
    const { pool, gateways } = poolOf({ kind: 'answers' })
    void pool.review('a')
    pool.time.after(1, () => gateways[0] && pool.flap(gateways[0], 800))
    await pool.time.runUntil(2000)
    expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'reviewed', via: { attempts: 2 } })
  })

  test('lost at the last moment ends the login at its deadline', async () => {
    const { pool, gateways } = poolOf(drops)
    void pool.review()
    pool.time.after(9990, () => gateways[0] && pool.flap(gateways[0], 60_000))
    await pool.time.runUntil(11_000)
    expect(pool.logins[0] && tookMs(pool.logins[0])).toBeCloseTo(10_000)
  })

  test('T49 and does not come back ends the review after three seconds, asked of nobody else', async () => {
    const { pool, gateways } = poolOf({ kind: 'answers' })
    void pool.review()
    pool.time.after(1, () => gateways[0] && pool.flap(gateways[0], 60_000))
    await pool.time.runUntil(4000)
    expect(pool.logins[0]?.outcome).toMatchObject({ failure: 'gateway-unavailable', retryAfterSeconds: 5 })
    expect(pool.logins.every((login) => tookMs(login) <= 3100)).toBe(true)
  })
})

describe('limits', () => {
  test('a gateway that is full is passed over, however many are', async () => {
    const pool = new SimulatedPool()
    for (let count = 0; count < 4; count += 1) pool.add({ creditsMax: 0 })
    const free = pool.add()
    for (let count = 0; count < 10; count += 1) void pool.review()
    await pool.time.runUntil(100)
    expect(pool.successes).toBe(10)
    expect(free.seen).toHaveLength(10)
    expect(free.seen.every(({ attempt }) => attempt === 1)).toBe(true)
  })

  test('where all are full the answer comes at once, and says to come again', async () => {
    const pool = new SimulatedPool()
    for (let count = 0; count < 3; count += 1) pool.add({ creditsMax: 0 })
    void pool.review()
    await pool.time.runUntil(0)
    expect(pool.logins[0]?.outcome).toMatchObject({
      failure: 'gateway-overloaded',
      retryAfterSeconds: 1,
      via: { attempts: 0 },
    })
  })

  test('one that says that it is overloaded is left alone for a moment', async () => {
    const { pool, gateways } = preferred(
      { kind: 'fails', code: 'overloaded', retryAfterMs: 500 },
      { kind: 'answers' },
    )
    for (let now = 20; now < 400; now += 20) {
      void pool.review()
      await pool.time.runUntil(now)
    }
    expect(pool.successes).toBe(pool.logins.length)
    expect(gateways[0]?.seen).toHaveLength(1)
    expect(pool.eventsOf('ejected')).toEqual([])
  })
})

test('a caller who leaves has everything cancelled', async () => {
  const { pool, gateways } = poolOf(drops, drops)
  const caller = new AbortController()
  void pool.review('a', 10_000, caller.signal)
  await pool.time.runUntil(60)
  expect(gateways.map(({ inFlight }) => inFlight)).toEqual([1, 1])
  caller.abort()
  await pool.time.runUntil(60)
  expect(gateways.map(({ inFlight }) => inFlight)).toEqual([0, 0])
  expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'failed', detail: 'the caller has left' })
  expect(pool.retryBudget.extras).toBe(0)
})

describe('P7: a route to a replica that is gone', () => {
  const noRoute: Behaviour = { kind: 'has-no-route' }

  test('costs one round trip and no attempt, however many there are', async () => {
    const { pool, gateways } = preferred(noRoute, noRoute, noRoute, { kind: 'answers' })
    for (const tunnel of gateways[3]?.tunnels ?? []) pool.state.standings.of(tunnel).latency.observe(900, 0)
    const review = pool.review('a')
    await pool.time.runUntil(200)
    const outcome = await review
    expect(outcome).toMatchObject({
      kind: 'reviewed',
      via: { gatewayId: 'gateway-4', attempts: 1 },
    })
    expect(outcome.via).not.toHaveProperty('hedged')
    const asked = gateways.flatMap(({ seen }) => seen)
    expect(asked.every(({ attempt }) => attempt === 1)).toBe(true)
    expect(pool.eventsOf('ejected')).toEqual([])
    // Two milliseconds each, and what the answer takes.
    expect(pool.logins.map(tookMs)[0]).toBeLessThan(2 * (asked.length - 1) + 2 + 6.1)
  })

  test('and nobody else: the login is told so once the time to come back is over', async () => {
    const { pool } = poolOf(noRoute)
    const review = pool.review('a')
    await pool.time.runUntil(10_000)
    expect(await review).toMatchObject({ kind: 'failed', failure: 'gateway-unavailable' })
  })

  test('is tried again by the same review when there is a way again', async () => {
    const { pool, gateways } = poolOf(noRoute)
    const [gateway] = gateways
    const [tunnel] = gateway?.tunnels ?? []
    if (gateway === undefined || tunnel === undefined) throw new Error('there is none')
    const review = pool.review('a')
    pool.time.after(10, () => {
      gateway.behaviour = { kind: 'answers' }
      tunnel.isRoutable = true
    })
    await pool.time.runUntil(1000)
    expect(await review).toMatchObject({ kind: 'reviewed', via: { attempts: 1 } })
  })
})
