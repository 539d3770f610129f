import { describe, expect, test } from 'vitest'
import type { Behaviour, SimulatedGateway } from '../test/simulated-gateway.ts'
import { poolOf, SimulatedPool } from '../test/simulated-pool.ts'

const drops: Behaviour = { kind: 'drops' }
const answers: Behaviour = { kind: 'answers' }
const unreachable: Behaviour = { kind: 'fails', code: 'api-server-unreachable' }

/** The first is the cheaper of two, and a third comes after both. */
function inOrder(pool: SimulatedPool, gateways: readonly SimulatedGateway[]): void {
  for (const [index, { tunnels }] of gateways.entries())
    for (const tunnel of tunnels) {
      const standing = pool.state.standings.of(tunnel)
      standing.latency.observe(10 ** index, 0)
      if (index > 1) standing.process.avoid(60_000)
    }
}

/** Others have all but so many places of the retry budget. */
function leavePlaces(pool: SimulatedPool, places: number): void {
  for (let taken = 3; taken > places; taken -= 1) pool.retryBudget.take()
}

/** Its next first sign comes later than ever before. */
function slowDown(pool: SimulatedPool, gateway: SimulatedGateway, roundTripMs: number): void {
  for (const tunnel of gateway.tunnels) {
    const { firstSign } = pool.state.standings.of(tunnel)
    for (let count = 0; count < 100; count += 1) firstSign.observe(2)
  }
  gateway.options.roundTripMs = roundTripMs
}

function twoOfTwo(): { pool: SimulatedPool; one: SimulatedGateway; other: SimulatedGateway } {
  const pool = new SimulatedPool()
  const [one, other] = [pool.add({ slots: 2 }), pool.add({ slots: 2 })]
  return { pool, one, other }
}

describe('when the hedge ends and the first is still silent', () => {
  function hedgedTo(behaviour: Behaviour): { pool: SimulatedPool; gateways: SimulatedGateway[] } {
    const made = poolOf(drops, behaviour, answers)
    inOrder(made.pool, made.gateways)
    return made
  }

  test('a third is asked', async () => {
    const { pool, gateways } = hedgedTo({ kind: 'drops-after-accepted' })
    void pool.review()
    pool.time.after(300, () => gateways[1]?.loseTunnels())
    await pool.time.runUntil(400)
    expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'reviewed', via: { gatewayId: 'gateway-3' } })
  })

  test.each([
    ['at once', 3, 0],
    ['after a while', 100, 0],
    ['and the first is lost after it', 100, 500],
  ])(
    'no third is asked of an API server that wants to be left alone: it says so %s',
    async (_, apiServerMs, lostAt) => {
      const { pool, gateways } = hedgedTo({
        kind: 'fails',
        code: 'api-server-overloaded',
        retryAfterMs: 5000,
      })
      Object.assign(gateways[1]?.options ?? {}, { apiServerMs })
      void pool.review()
      if (lostAt > 0) pool.time.after(lostAt, () => gateways[0]?.loseTunnels())
      await pool.time.runUntil(12_000)
      expect(gateways.map(({ seen }) => seen.length)).toEqual([1, 1, 0])
      expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'failed', failure: 'api-server-overloaded' })
    },
  )

  test('and has accepted the review, a third is asked', async () => {
    const { pool, gateways } = poolOf(
      { kind: 'drops-after-accepted' },
      { kind: 'drops-after-accepted' },
      answers,
    )
    inOrder(pool, gateways)
    void pool.review()
    pool.time.after(700, () => gateways[1]?.loseTunnels())
    await pool.time.runUntil(1500)
    expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'reviewed', via: { gatewayId: 'gateway-3' } })
  })

  test('and dials again, it is asked once more when the hedge was silent for its time', async () => {
    const { pool, gateways } = poolOf(drops, drops)
    inOrder(pool, gateways)
    const [lost, hedge] = gateways
    if (hedge !== undefined) hedge.options.roundTripMs = 37.5
    void pool.review()
    pool.time.after(60, () => lost?.loseTunnels())
    pool.time.after(160, () => lost !== undefined && Object.assign(lost, { behaviour: answers }).connect())
    await pool.time.runUntil(1000)
    expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'reviewed', via: { gatewayId: 'gateway-1' } })
  })

  test('nobody is asked whose tunnels die with that of the hedge', async () => {
    const { pool, one, other } = twoOfTwo()
    one.behaviour = drops
    for (const tunnel of other.tunnels) pool.state.standings.of(tunnel).process.avoid(20)
    void pool.review()
    pool.time.after(30, () => Object.assign(other, { behaviour: { kind: 'drops-after-accepted' } }))
    pool.time.after(300, () => {
      pool.flap(other, 100)
      pool.time.after(5, () => pool.flap(one, 100))
      pool.time.after(50, () => {
        one.behaviour = answers
        other.behaviour = answers
      })
    })
    await pool.time.runUntil(2000)
    expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'reviewed' })
  })

  test('the third goes to one that was not asked, out or not, rather than to a sibling of the silent', async () => {
    const pool = new SimulatedPool()
    const [one, other, out] = [pool.add({ slots: 2 }), pool.add({ slots: 2 }), pool.add({ slots: 2 })]
    for (let count = 0; count < 3; count += 1)
      for (const tunnel of out.tunnels)
        pool.state.standings
          .of(tunnel)
          .process.ejection.failed({ now: 0, startedAt: 0, mayEject: () => true })
    for (const gateway of [one, other]) gateway.behaviour = drops
    void pool.review()
    await pool.time.runUntil(1500)
    expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'reviewed', via: { gatewayId: 'gateway-3' } })
    expect([one.seen.length, other.seen.length]).toEqual([1, 1])
  })

  test('no third is asked who could not answer in time', async () => {
    const { pool, gateways } = hedgedTo({ kind: 'drops-after-accepted' })
    void pool.review('late', 1000)
    pool.time.after(960, () => gateways[1]?.loseTunnels())
    await pool.time.runUntil(1100)
    expect(gateways.map(({ seen }) => seen.length)).toEqual([1, 1, 0])
    expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'failed' })
  })
})

describe('when the retry budget is exhausted', () => {
  test('a silent hedge gives its place to a gateway that was not asked', async () => {
    const { pool, gateways } = poolOf(drops, drops, answers)
    inOrder(pool, gateways)
    leavePlaces(pool, 1)
    void pool.review()
    await pool.time.runUntil(200)
    expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'reviewed', via: { gatewayId: 'gateway-3' } })
    expect(pool.retryBudget.extras).toBe(2)
    expect(gateways.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0])
  })

  test('the only one under way is not given up, however long its first sign takes', async () => {
    const { pool, gateways } = poolOf(unreachable, answers, drops)
    inOrder(pool, gateways)
    const [, slow] = gateways
    if (slow !== undefined) slowDown(pool, slow, 200)
    leavePlaces(pool, 1)
    void pool.review()
    await pool.time.runUntil(500)
    expect(pool.logins[0]?.outcome).toMatchObject({
      kind: 'reviewed',
      via: { gatewayId: 'gateway-2', attempts: 2 },
    })
    expect(gateways[2]?.seen).toEqual([])
  })

  test.each(['api-server-overloaded', 'reviewer-forbidden'] as const)(
    'the place of a hedge that says %s is not for a third of the same review',
    async (code) => {
      const { pool, one, other } = twoOfTwo()
      one.behaviour = drops
      other.behaviour = { kind: 'fails', code }
      for (const tunnel of other.tunnels) pool.state.standings.of(tunnel).process.avoid(20)
      slowDown(pool, other, 200)
      leavePlaces(pool, 1)
      void pool.review()
      await pool.time.runUntil(12_000)
      expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'failed', failure: code })
      expect([one.seen.length, other.seen.length]).toEqual([1, 1])
      expect(pool.retryBudget.extras).toBe(2)
    },
  )

  test('a slow hedge is not given up for another tunnel of those that were asked', async () => {
    const { pool, one, other } = twoOfTwo()
    one.behaviour = drops
    for (const tunnel of other.tunnels) pool.state.standings.of(tunnel).process.avoid(20)
    slowDown(pool, other, 200)
    leavePlaces(pool, 1)
    void pool.review()
    await pool.time.runUntil(500)
    expect(pool.logins[0]?.outcome).toMatchObject({ kind: 'reviewed', via: { gatewayId: 'gateway-2' } })
    expect([one, other].map(({ seen }) => seen.map(({ at }) => at))).toEqual([[0], [50]])
  })
})

test('a gateway that is out and has come back is asked rather than another tunnel of one that has failed', async () => {
  const { pool, one, other } = twoOfTwo()
  pool.reviewRandomly(100, 5000)
  pool.time.after(1000, () => (other.behaviour = drops))
  pool.time.after(2000, () => (other.behaviour = answers))
  pool.time.after(2500, () => (one.behaviour = unreachable))
  await pool.time.runUntil(2500)
  expect(pool.eventsOf('ejected process')).toHaveLength(1)
  await pool.time.runUntil(6000)
  expect(pool.successes).toBe(pool.logins.length)
})

test('the only tunnel is silent: its gateway is asked again when it has dialled again, and not when that comes too late', async () => {
  const pool = new SimulatedPool()
  const gateway = pool.add()
  for (const tunnel of gateway.tunnels) tunnel.isDead = true
  void pool.review('patient')
  void pool.review('hurried', 590)
  pool.time.after(520, () => gateway.connect())
  await pool.time.runUntil(900)
  expect(pool.logins.map(({ token, outcome: { kind } }) => [token, kind])).toEqual([
    ['patient', 'reviewed'],
    ['hurried', 'failed'],
  ])
})
