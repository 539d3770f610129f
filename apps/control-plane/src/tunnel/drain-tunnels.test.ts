import { afterEach, describe, expect, test } from 'vitest'
import { features, type ReviewTokenFrame } from '@postern/protocol'
import { FakeGateway, helloFrame, verdictOn } from './test/fake-gateway.ts'
import { TunnelBench } from './test/tunnel-bench.ts'
import type { TunnelEndpointOptions } from './tunnel-endpoint.ts'

const bearer = 'gateway-1.x.y'
const draining = { features: features.reviews | features.drain }
const request = { token: 'a.b.c', audiences: [], budgetMs: 5000 }
let bench: TunnelBench

async function start(options: Partial<TunnelEndpointOptions> = {}): Promise<TunnelBench> {
  bench = await TunnelBench.start(options)
  return bench
}
afterEach(async () => {
  await bench.stop()
})

/** A review that waits for its answer on the gateway's only routable tunnel. */
async function waitingOn(
  gateway: FakeGateway,
  count = 1,
): Promise<{ asked: ReviewTokenFrame; outcome: Promise<unknown> }> {
  const outcome = bench.reviewer('gateway-1').review(request)
  const asked = (await gateway.frames('review-token', count)).at(-1)
  if (asked === undefined) throw new Error('no review came')
  return { asked, outcome }
}

describe('a gateway that drains', () => {
  test('gets nothing new, is acknowledged at once, and its reviews finish', async () => {
    const { url, registry } = await start()
    const leaving = await FakeGateway.connect(url, bearer, draining)
    const { asked, outcome } = await waitingOn(leaving)
    const staying = await FakeGateway.connect(url, bearer, { ...draining, instanceId: 'instance-2' })
    leaving.send({ kind: 'drain', withinMs: 10_000, reason: 'SIGTERM' })
    await leaving.frames('drained')
    expect(registry.tunnelsOf('gateway-1').map(({ isRoutable, state }) => [isRoutable, state])).toEqual([
      [false, 'finishing'],
      [true, 'serving'],
    ])
    const { asked: next, outcome: nextOutcome } = await waitingOn(staying)
    staying.send(verdictOn(next))
    leaving.send(verdictOn(asked))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed', via: { attempts: 1 } })
    await expect(nextOutcome).resolves.toMatchObject({ kind: 'reviewed', via: { attempts: 1 } })
    expect(leaving.isClosed).toBe(false)
    leaving.send({ kind: 'go-away', code: 'shutting-down', reason: '', reconnectAfterMs: 0 })
    await leaving.closed()
    expect(bench.events).toEqual(['opened', 'opened', 'drained: gateway-drains', 'closed: drained'])
  })

  test('as its only tunnel is waited for by logins until it is back', async () => {
    const { url, registry } = await start()
    const leaving = await FakeGateway.connect(url, bearer, draining)
    leaving.send({ kind: 'drain', withinMs: 10_000, reason: '' })
    await leaving.frames('drained')
    expect(registry.isReturning('gateway-1')).toBe(true)
    const outcome = bench.reviewer('gateway-1').review(request)
    const back = await FakeGateway.connect(url, bearer, { instanceId: 'instance-2' })
    const [asked] = await back.frames('review-token')
    if (asked) back.send(verdictOn(asked))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed' })
    expect(leaving.of('review-token')).toEqual([])
  })

  test('may dial its next tunnel of the slot while the old one finishes', async () => {
    const { url, registry } = await start()
    const old = await FakeGateway.connect(url, bearer, draining)
    const { asked, outcome } = await waitingOn(old)
    old.send({ kind: 'drain', withinMs: 10_000, reason: '' })
    await old.frames('drained')
    await FakeGateway.connect(url, bearer, { ...draining, epoch: 2 })
    expect(registry.tunnelsOf('gateway-1')).toHaveLength(2)
    old.send(verdictOn(asked))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed' })
    expect(bench.events).not.toContain('duplicated')
  })
})

describe('a replica that leaves', () => {
  test('P4 waits until the gateway has dialled another, and takes logins meanwhile', async () => {
    const { url } = await start({ leaveWithinMs: 30_000 })
    const gateway = await FakeGateway.connect(url, bearer, draining)
    let hasLeft = false
    const left = bench.endpoint.leave().then(() => (hasLeft = true))
    const [drain] = await gateway.frames('drain')
    expect(drain?.withinMs).toBeGreaterThan(10_000)
    const { asked, outcome } = await waitingOn(gateway)
    gateway.send(verdictOn(asked))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed' })
    expect(hasLeft).toBe(false)
    gateway.send({ kind: 'drained' })
    await left
    expect(gateway.of('go-away')).toEqual([])
    await expect(FakeGateway.refused(url, {})).resolves.toMatchObject({ status: 503 })
  })

  test('waits no longer than its patience for a gateway that finds no other, and not at all for an old one', async () => {
    const { url } = await start({ leaveWithinMs: 50 })
    const stuck = await FakeGateway.connect(url, bearer, draining)
    const old = await FakeGateway.connect(url, 'gateway-2.x.y')
    await bench.endpoint.leave()
    expect(stuck.of('drain')).toHaveLength(1)
    expect(old.of('drain')).toEqual([])
  })

  test('finishes the reviews that wait before it says GoAway', async () => {
    const { url } = await start({ finishWithinMs: 10_000 })
    const gateway = await FakeGateway.connect(url, bearer, draining)
    const { asked, outcome } = await waitingOn(gateway)
    const closed = bench.endpoint.close()
    expect(bench.registry.tunnelsOf('gateway-1').map(({ isRoutable }) => isRoutable)).toEqual([false])
    gateway.send(verdictOn(asked))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed' })
    await closed
    expect(gateway.of('go-away')[0]).toMatchObject({ code: 'shutting-down' })
  })
})

describe('a tunnel that is replaced', () => {
  test('finishes its reviews, takes nothing new, and then is told to wait 15 s', async () => {
    const { url } = await start()
    const old = await FakeGateway.connect(url, bearer)
    const { asked, outcome } = await waitingOn(old)
    const next = await FakeGateway.connect(url, bearer, { epoch: 2 })
    const { asked: other, outcome: otherOutcome } = await waitingOn(next)
    next.send(verdictOn(other))
    await expect(otherOutcome).resolves.toMatchObject({ kind: 'reviewed' })
    expect(old.of('go-away')).toEqual([])
    old.send(verdictOn(asked))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed', via: { attempts: 1 } })
    expect((await old.frames('go-away'))[0]).toMatchObject({ code: 'replaced', reconnectAfterMs: 15_000 })
  })

  test('gives its reviews up soon when it is dead, and they go to the new one', async () => {
    const { url } = await start()
    const dead = await FakeGateway.connect(url, bearer)
    const { asked, outcome } = await waitingOn(dead)
    // Whoever has accepted is not asked a second time on another tunnel, so this is not a hedge.
    dead.send({ kind: 'accepted', requestId: asked.requestId })
    dead.webSocket.pause()
    const next = await FakeGateway.connect(url, bearer, { epoch: 2 })
    const [again] = await next.frames('review-token')
    expect(again?.attempt).toBe(2)
    if (again) next.send(verdictOn(again))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed', via: { attempts: 2 } })
    expect(bench.events).toContain('closed: silent')
    dead.webSocket.terminate()
  })

  test('has its reviews asked again on the new one, before it is given up, when they were not accepted', async () => {
    const { url } = await start()
    const dead = await FakeGateway.connect(url, bearer)
    const { outcome } = await waitingOn(dead)
    dead.webSocket.pause()
    const next = await FakeGateway.connect(url, bearer, { epoch: 2 })
    const [again] = await next.frames('review-token')
    if (again) next.send(verdictOn(again))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed', via: { attempts: 1, hedged: true } })
    expect(bench.events).not.toContain('closed: silent')
    dead.webSocket.terminate()
  })

  test('is the one of its slot: the other tunnels of the process stay', async () => {
    const { url, registry } = await start()
    const slots = [0, 1, 0, 1]
    for (const [index, slot] of slots.entries()) {
      await FakeGateway.connect(url, bearer, { slot, instanceId: `instance-${index >> 1}`, epoch: index + 1 })
    }
    expect(registry.tunnelsOf('gateway-1')).toHaveLength(4)
    await FakeGateway.connect(url, bearer, { slot: 1, instanceId: 'instance-1', epoch: 9 })
    await expect.poll(() => registry.tunnelsOf('gateway-1').map(({ epoch }) => epoch)).toEqual([1, 2, 3, 9])
  })
})

describe('P16 two processes with one instance id', () => {
  test('replace each other once, then the second is told to wait, and an operator is told what to do', async () => {
    const { url, registry } = await start()
    const first = await FakeGateway.connect(url, bearer, { epoch: 1 })
    await FakeGateway.connect(url, bearer, { epoch: 4 })
    await first.closed()
    expect(bench.endpoint.isDuplicated('gateway-1')).toBe(false)
    const again = await FakeGateway.dial(url, bearer)
    again.send(helloFrame({ epoch: 2 }))
    const [refusal] = await again.frames('refusal')
    expect(refusal).toMatchObject({ code: 'superseded', permanent: false, retryAfterMs: 15_000 })
    const newer = await FakeGateway.dial(url, bearer)
    newer.send(helloFrame({ epoch: 5 }))
    expect((await newer.frames('refusal'))[0]).toMatchObject({ code: 'superseded' })
    expect(registry.tunnelsOf('gateway-1').map(({ epoch }) => epoch)).toEqual([4])
    expect(bench.endpoint.isDuplicated('gateway-1')).toBe(true)
    expect(bench.events.filter((event) => event === 'duplicated')).toHaveLength(1)
    expect(bench.log.map(({ message }) => message).join()).toMatch(/one instance id.*restart both/)
  })

  test('a process whose connection was cut twice in a row is not kept out', async () => {
    const { url, registry } = await start()
    const cut = [
      await FakeGateway.connect(url, bearer, { epoch: 1 }),
      await FakeGateway.connect(url, bearer, { epoch: 2 }),
    ]
    for (const gateway of cut) gateway.webSocket.pause()
    await FakeGateway.connect(url, bearer, { epoch: 3 })
    expect(registry.tunnelsOf('gateway-1').map(({ epoch }) => epoch)).toEqual([3])
    expect(bench.endpoint.isDuplicated('gateway-1')).toBe(false)
    for (const gateway of cut) gateway.webSocket.terminate()
  })
})
