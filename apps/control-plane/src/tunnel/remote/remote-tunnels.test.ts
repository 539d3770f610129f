import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ReviewOutcome } from '../../login/token-reviewer.ts'
import { BusHub, type HubBus } from '../test/bus-hub.ts'
import { FakeGateway, verdictOn } from '../test/fake-gateway.ts'
import { TunnelBench } from '../test/tunnel-bench.ts'

const soon = { timeout: 5_000, interval: 2 }

interface Replica extends TunnelBench {
  bus: HubBus
}

let hub: BusHub
let replicas: Replica[]
let here: Replica
let there: Replica
let events: string[]

beforeEach(async () => {
  hub = new BusHub()
  replicas = []
  events = []
  here = await start('here')
  there = await start('there')
})
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.stop()))
})

async function start(replicaId: string): Promise<Replica> {
  const bus = hub.join()
  const observer = {
    remoteReviewEnded: (outcome: string) => events.push(`${replicaId} ended ${outcome}`),
    remoteReviewServed: (outcome: string) => events.push(`${replicaId} served ${outcome}`),
  }
  const bench = await TunnelBench.start({}, { bus, replicaId, observer })
  const replica = Object.assign(bench, { bus })
  // It has said that it is there.
  await sleep(1)
  replicas.push(replica)
  return replica
}

/** A gateway with a tunnel to a replica, which the others know of. */
async function connect(replica: Replica, hello: Parameters<typeof FakeGateway.connect>[2] = {}) {
  const before = countsOf()
  const gateway = await FakeGateway.connect(replica.url, 'gateway-1.x.y', hello)
  await vi.waitFor(() => {
    const after = countsOf()
    const unaware = replicas.filter(
      (other, index) =>
        other !== replica && other.bus.isConnected && (after[index] ?? 0) <= (before[index] ?? 0),
    )
    expect(unaware).toEqual([])
  }, soon)
  return gateway
}

function countsOf(): (number | undefined)[] {
  return replicas.map(({ remote }) => remote?.table.tunnelsOf('gateway-1').length)
}

function review(replica: Replica, token = 'a', budgetMs = 3000): Promise<ReviewOutcome> {
  return replica.reviewer('gateway-1').review({ token, audiences: ['b'], budgetMs })
}

async function answer(gateway: FakeGateway, count = 1): Promise<void> {
  const reviews = await gateway.frames('review-token', count)
  for (const asked of reviews.slice(count - 1)) gateway.send(verdictOn(asked))
}

describe('a tunnel that another replica holds', () => {
  test('reviews for this one, which writes down who held it', async () => {
    const gateway = await connect(there)
    const [outcome] = await Promise.all([review(here), answer(gateway)])
    const [tunnel] = there.registry.tunnelsOf('gateway-1')
    expect(outcome).toEqual({
      kind: 'reviewed',
      verdict: expect.objectContaining({ authenticated: true, username: 'of a', audiences: ['b'] }),
      via: {
        reviewer: 'gateway',
        gatewayId: 'gateway-1',
        tunnelId: tunnel?.tunnelId,
        heldBy: 'there',
        attempts: 1,
      },
    })
    expect(events).toEqual(['there served reviewed', 'here ended reviewed'])
  })

  test('is left alone while this replica has one of its own that costs as little', async () => {
    const remote = await connect(there, { instanceId: 'one' })
    const own = await connect(here, { instanceId: 'two' })
    for (let count = 1; count <= 5; count += 1) await Promise.all([review(here), answer(own, count)])
    expect(own.of('review-token')).toHaveLength(5)
    expect(remote.of('review-token')).toHaveLength(0)
  })

  test('gives the gateway’s failure as it is', async () => {
    const gateway = await connect(there)
    const outcome = review(here)
    const [asked] = await gateway.frames('review-token')
    gateway.send({
      kind: 'failure',
      requestId: asked?.requestId ?? 0,
      code: 'reviewer-forbidden',
      detail: 'no right',
      retryAfterMs: 0,
    })
    expect(await outcome).toMatchObject({ kind: 'failed', failure: 'reviewer-forbidden' })
  })

  test('is not in doubt because its gateway is silent, but because its replica is', async () => {
    await connect(there)
    const isInDoubt = (): boolean | undefined => here.remote?.table.tunnelsOf('gateway-1')[0]?.isSuspect
    expect(await review(here, 'a', 700)).toMatchObject({ kind: 'failed' })
    expect(isInDoubt()).toBe(false)
    there.bus.isFrozen = true
    expect(await review(here, 'b', 700)).toMatchObject({ kind: 'failed' })
    expect(isInDoubt()).toBe(true)
  })

  test('gets what is left of the time, and its attempt ends with it', async () => {
    const gateway = await connect(there)
    const outcome = review(here, 'a', 120)
    const [asked] = await gateway.frames('review-token')
    expect(asked?.deadlineMs).toBeLessThanOrEqual(120)
    expect(await outcome).toMatchObject({ kind: 'failed', failure: 'deadline-exceeded' })
  })

  test('says early that the gateway has the review, so that nobody else is asked', async () => {
    const [first, second] = [
      await connect(there, { instanceId: 'one' }),
      await connect(there, { instanceId: 'two' }),
    ]
    const outcome = review(here)
    await vi.waitFor(() => expect(askedOf(first, second)).toHaveLength(1), soon)
    const asking = [first, second].find((gateway) => gateway.of('review-token').length > 0)
    const [asked] = asking?.of('review-token') ?? []
    if (asking === undefined || asked === undefined) throw new Error('nobody was asked')
    asking.send({ kind: 'accepted', requestId: asked.requestId })
    await sleep(90)
    expect(askedOf(first, second)).toHaveLength(1)
    asking.send(verdictOn(asked))
    expect(await outcome).toMatchObject({ kind: 'reviewed', via: { attempts: 1 } })
  })

  test('is told when its answer is not needed any more', async () => {
    const [first, second] = [
      await connect(there, { instanceId: 'one' }),
      await connect(there, { instanceId: 'two' }),
    ]
    const outcome = review(here)
    await vi.waitFor(() => expect(askedOf(first, second)).toHaveLength(2), soon)
    const [loser, winner] = [first, second].toSorted(
      (one, other) =>
        Number(one.of('review-token')[0]?.attempt) - Number(other.of('review-token')[0]?.attempt),
    )
    const [asked] = winner?.of('review-token') ?? []
    if (asked !== undefined) winner?.send(verdictOn(asked))
    expect(await outcome).toMatchObject({ kind: 'reviewed', via: { hedged: true } })
    await expect(loser?.frames('cancel')).resolves.toHaveLength(1)
  })

  test('does nothing for a review whose caller has left', async () => {
    const gateway = await connect(there)
    const leaving = new AbortController()
    const outcome = here
      .reviewer('gateway-1')
      .review({ token: 'a', audiences: [], budgetMs: 3000, signal: leaving.signal })
    await gateway.frames('review-token')
    leaving.abort()
    expect(await outcome).toMatchObject({ kind: 'failed' })
    await gateway.frames('cancel')
  })
})

function askedOf(...gateways: FakeGateway[]) {
  return gateways.flatMap((gateway) => gateway.of('review-token'))
}

describe('P7: what is known of a tunnel elsewhere', () => {
  test('ends with it', async () => {
    const gateway = await connect(there)
    gateway.webSocket.close()
    await vi.waitFor(() => expect(here.remote?.table.size).toBe(0), soon)
    expect(here.remote?.table.isReturning('gateway-1')).toBe(true)
  })

  test('changes with what its gateway says', async () => {
    const gateway = await connect(there)
    const tunnel = here.remote?.table.tunnelsOf('gateway-1')[0]
    const sick = {
      apiServerReachable: false,
      mayReviewTokens: true,
      credentialExpiresAtS: 0,
      detail: 'no route',
    }
    gateway.send({ kind: 'health', ...sick })
    await vi.waitFor(() => expect(tunnel?.health).toEqual({ kind: 'health', ...sick }), soon)
    const said = {
      kind: 'cluster',
      rootCaSha256: [Buffer.alloc(32, 1)],
      tokenIssuer: 'https://issuer',
      issuerKeySha256: [Buffer.alloc(32, 2)],
    } as const
    gateway.send(said)
    await vi.waitFor(() => expect(tunnel?.cluster).toMatchObject({ tokenIssuer: 'https://issuer' }), soon)
    const { cluster } = tunnel ?? {}
    gateway.send({ kind: 'health', ...sick, detail: 'again' })
    await vi.waitFor(() => expect(tunnel?.health?.detail).toBe('again'), soon)
    expect(tunnel?.cluster).toBe(cluster)
    gateway.send({ kind: 'drain', withinMs: 1000, reason: 'stops' })
    await vi.waitFor(() => expect(tunnel?.isRoutable).toBe(false), soon)
  })

  test('reaches a replica that comes later, and one that comes back', async () => {
    await connect(there)
    const late = await start('late')
    await vi.waitFor(() => expect(late.remote?.table.size).toBe(1), soon)
    late.bus.disconnect()
    expect(late.remote?.table.tunnelsOf('gateway-1').map(({ isRoutable }) => isRoutable)).toEqual([false])
    await FakeGateway.connect(there.url, 'gateway-1.x.y', { instanceId: 'other' })
    late.bus.reconnect()
    await vi.waitFor(() => expect(late.remote?.table.size).toBe(2), soon)
  })

  test('may be wrong: a route that leads nowhere costs one round trip, and the next is asked at once', async () => {
    await connect(there, { instanceId: 'one' })
    await connect(there, { instanceId: 'two' })
    await connect(there, { instanceId: 'three' })
    const other = await start('other')
    await vi.waitFor(() => expect(other.remote?.table.size).toBe(3), soon)
    there.bus.vanish()
    const living = await connect(other, { instanceId: 'four' })
    const [outcome] = await Promise.all([review(here), answer(living)])
    expect(outcome).toMatchObject({ kind: 'reviewed', via: { heldBy: 'other', attempts: 1 } })
    // Once one of them was found gone, the others of its replica are not even tried.
    expect(events.filter((event) => event === 'here ended no-route').length).toBeLessThanOrEqual(1)
  })

  test('all of it gone: the login waits for the gateway to come back elsewhere', async () => {
    await connect(there)
    there.bus.vanish()
    const outcome = review(here)
    await vi.waitFor(() => expect(events).toContain('here ended no-route'), soon)
    const returned = await FakeGateway.connect(here.url, 'gateway-1.x.y', { epoch: 2 })
    await answer(returned)
    expect(await outcome).toMatchObject({ kind: 'reviewed', via: { attempts: 1 } })
  })

  test('all of it gone with the review in its hands: the login waits for the gateway as well', async () => {
    const lost = await connect(there)
    const outcome = review(here)
    await lost.frames('review-token')
    there.bus.vanish()
    const returned = await FakeGateway.connect(here.url, 'gateway-1.x.y', { epoch: 2 })
    await answer(returned)
    expect(await outcome).toMatchObject({ kind: 'reviewed', via: { attempts: 1 } })
  })

  test('is not doubted for a review that takes long', async () => {
    const gateway = await connect(there)
    const outcome = review(here)
    await sleep(700)
    await answer(gateway)
    expect(await outcome).toMatchObject({ kind: 'reviewed', via: { heldBy: 'there', attempts: 1 } })
    expect(events).toEqual(['there served reviewed', 'here ended reviewed'])
  })

  test('all of it gone: the login waits for the gateway to come back to a third replica', async () => {
    await connect(there)
    const third = await start('third')
    await vi.waitFor(() => expect(third.remote?.table.size).toBe(1), soon)
    there.bus.vanish()
    const outcome = review(here)
    await vi.waitFor(() => expect(events).toContain('here ended no-route'), soon)
    const returned = await FakeGateway.connect(third.url, 'gateway-1.x.y', { epoch: 2 })
    await answer(returned)
    expect(await outcome).toMatchObject({ kind: 'reviewed', via: { heldBy: 'third' } })
  })

  test('a replica that leaves takes its tunnels along at once', async () => {
    await connect(there)
    await there.stop()
    replicas.splice(replicas.indexOf(there), 1)
    await vi.waitFor(() => expect(here.remote?.table.size).toBe(0), soon)
    await vi.waitFor(() => expect(here.remote?.table.replicaCount).toBe(0), soon)
  })
})

describe('without a connection between the replicas', () => {
  test('a review that is under way is asked elsewhere, and one that begins waits for the connection', async () => {
    const remote = await connect(there, { instanceId: 'one' })
    const outcome = review(here)
    await remote.frames('review-token')
    here.bus.disconnect()
    await sleep(5)
    here.bus.reconnect()
    await answer(remote, 2)
    expect(await outcome).toMatchObject({ kind: 'reviewed' })
  })

  test('a replica’s own tunnels go on', async () => {
    await connect(there, { instanceId: 'one' })
    const own = await connect(here, { instanceId: 'two' })
    here.bus.disconnect()
    const [outcome] = await Promise.all([review(here), answer(own)])
    expect(outcome).toMatchObject({ kind: 'reviewed', via: { attempts: 1 } })
    expect(outcome.via).not.toHaveProperty('heldBy')
  })

  test('what has no other way is unavailable when its time is over, and not later', async () => {
    await connect(there)
    here.bus.disconnect()
    expect(
      await here.reviewer('gateway-1', 30).review({ token: 'a', audiences: [], budgetMs: 3000 }),
    ).toMatchObject({ kind: 'failed', failure: 'gateway-unavailable' })
  })
})

describe('what replicas say', () => {
  test('is said to those who are there: a replica alone says nothing of its tunnels, and all to who comes', async () => {
    await there.stop()
    replicas.splice(replicas.indexOf(there), 1)
    await vi.waitFor(() => expect(here.remote?.table.replicaCount).toBe(0), soon)
    here.bus.sent.length = 0
    const gateways = Array.from({ length: 55 }, (_, index) =>
      FakeGateway.connect(here.url, 'gateway-1.x.y', { instanceId: `instance-${index}` }),
    )
    await Promise.all(gateways)
    expect(here.bus.sent).toEqual([])
    const late = await start('late')
    await vi.waitFor(() => expect(late.remote?.table.size).toBe(55), soon)
    expect(here.bus.sent.length).toBeGreaterThanOrEqual(2)
  })
})
