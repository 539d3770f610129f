import { describe, expect, test } from 'vitest'
import { SimulatedPool } from '../test/simulated-pool.ts'
import type { SimulatedGateway } from '../test/simulated-gateway.ts'

function poolOfTwo(): { pool: SimulatedPool; gateways: SimulatedGateway[] } {
  const pool = new SimulatedPool()
  return { pool, gateways: [pool.add(), pool.add()] }
}

describe('who may be asked', () => {
  test('T6 the verdict of a gateway that turns out to stand in another cluster is discarded', async () => {
    const { pool, gateways } = poolOfTwo()
    for (const tunnel of gateways[0]?.tunnels ?? []) {
      const review = tunnel.review.bind(tunnel)
      tunnel.review = (attempt) => {
        tunnel.cluster = { kind: 'cluster', rootCaSha256: [], tokenIssuer: 'other', issuerKeySha256: [] }
        return review(attempt)
      }
    }
    pool.admits = (cluster) => cluster === undefined
    for (let count = 0; count < 20; count += 1) void pool.review()
    await pool.time.runUntil(2000)
    expect(gateways[0]?.seen.length).toBeGreaterThan(0)
    expect(pool.eventsOf('asked first other-cluster')).toHaveLength(gateways[0]?.seen.length ?? 0)
    const answeredBy = pool.logins.map(({ outcome: { kind, via } }) => [
      kind,
      'gatewayId' in via && via.gatewayId,
    ])
    expect(answeredBy).toEqual(Array.from({ length: 20 }, () => ['reviewed', 'gateway-2']))
  })

  test('T6 a gateway that stands in another cluster is not', async () => {
    const { pool, gateways } = poolOfTwo()
    for (const tunnel of gateways[0]?.tunnels ?? [])
      tunnel.cluster = { kind: 'cluster', rootCaSha256: [], tokenIssuer: 'other', issuerKeySha256: [] }
    pool.admits = (cluster) => cluster === undefined
    for (let count = 0; count < 20; count += 1) void pool.review()
    await pool.time.runUntil(100)
    expect([gateways[0]?.seen.length, gateways[1]?.seen.length]).toEqual([0, 20])
  })

  test('T48 a tunnel of another organization is none', async () => {
    const pool = new SimulatedPool()
    const stranger = pool.add({ organizationId: 'another' })
    void pool.review()
    await pool.time.runUntil(5000)
    expect(pool.logins[0]?.outcome).toMatchObject({ failure: 'gateway-unavailable', via: { attempts: 0 } })
    expect(stranger.seen).toEqual([])
  })

  test('T49 without any gateway the login is told to come again', async () => {
    const pool = new SimulatedPool()
    void pool.review()
    await pool.time.runUntil(10)
    expect(pool.logins[0]?.outcome).toEqual({
      kind: 'failed',
      failure: 'gateway-unavailable',
      detail: 'no gateway of the pool has a tunnel to its cluster',
      retryAfterSeconds: 5,
      via: { reviewer: 'gateway', gatewayPoolId: 'pool', attempts: 0 },
    })
  })

  test('one whose health says that it may not review is left to the last', async () => {
    const { pool, gateways } = poolOfTwo()
    const [first] = gateways
    if (first !== undefined) first.behaviour = { kind: 'fails', code: 'reviewer-forbidden' }
    for (const tunnel of first?.tunnels ?? [])
      tunnel.health = {
        kind: 'health',
        apiServerReachable: true,
        mayReviewTokens: false,
        credentialExpiresAtS: 0,
        detail: '',
      }
    for (let count = 0; count < 10; count += 1) void pool.review()
    await pool.time.runUntil(100)
    expect(pool.successes).toBe(10)
    gateways[1]?.loseTunnels()
    void pool.review()
    await pool.time.runUntil(200)
    expect(pool.logins.at(-1)?.outcome).toMatchObject({ failure: 'reviewer-forbidden' })
  })

  test('work goes where it is done sooner, and is shared where it takes the same', async () => {
    const pool = new SimulatedPool()
    const [near, near2, far] = [pool.add(), pool.add(), pool.add({ apiServerMs: 60 })]
    pool.reviewRandomly(300, 20_000)
    await pool.time.runUntil(21_000)
    const shares = [near, near2, far].map(({ seen }) => seen.length / pool.logins.length)
    expect(shares[0]).toBeGreaterThan(0.3)
    expect(shares[1]).toBeGreaterThan(0.3)
    expect(shares[2]).toBeLessThan(0.2)
  })
})
