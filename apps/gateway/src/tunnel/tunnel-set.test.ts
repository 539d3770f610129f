import { getEventListeners } from 'node:events'
import { features } from '@postern/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FakeControlPlane, FakeTunnel, Reception } from './test/fake-control-plane.ts'
import { changingCredential, HeldReviews, review, TunnelBench } from './test/tunnel-bench.ts'

let bench: TunnelBench
let server: FakeControlPlane

beforeEach(async () => {
  bench = await TunnelBench.start()
  ;({ server } = bench)
})
afterEach(() => bench.stop())

const on = (replicaId: string): Reception => ({ kind: 'welcome', replicaId })

function slotOf(tunnel: FakeTunnel): number | undefined {
  return tunnel.of('hello')[0]?.slot
}

describe('two tunnels of one process', () => {
  test('go to different replicas, as one instance, each in its slot', async () => {
    server.receptions = [on('a'), on('b')]
    const { tunnels } = bench.open({ slots: 2 })
    const [first, second] = [await server.tunnel(0), await server.tunnel(1)]
    expect([slotOf(first), slotOf(second)]).toEqual([0, 1])
    expect(first.of('hello')[0]?.instanceId).toBe(second.of('hello')[0]?.instanceId)
    await expect
      .poll(() => tunnels.states())
      .toMatchObject([
        { phase: 'connected', replicaId: 'a' },
        { phase: 'connected', replicaId: 'b' },
      ])
    expect(server.upgrades).toHaveLength(2)
  })

  test('P22: give way before the age at which those before them were cut', async () => {
    let now = 0
    Object.assign(bench.timing, { elapsed: () => now })
    bench.open()
    for (const index of [0, 1]) {
      const far = await server.tunnel(index)
      await far.frames('ping')
      now += 300_000
      far.webSocket.terminate()
    }
    const third = await server.tunnel(2)
    await third.frames('drain')
    await server.tunnel(3)
    await third.closed()
    expect(bench.timing.waits).toContain(300_000 * (0.8 - 0.15 / 2))
  })

  test('serve on when one of them is cut, and that one comes back', async () => {
    server.receptions = [on('a'), on('b')]
    const { tunnels } = bench.open({ slots: 2 })
    const [first, second] = [await server.tunnel(0), await server.tunnel(1)]
    first.webSocket.terminate()
    second.send(review(7))
    expect(await second.frames('token-reviewed')).toHaveLength(1)
    const third = await server.tunnel(2)
    expect(slotOf(third)).toBe(0)
    await expect.poll(() => tunnels.states().map(({ phase }) => phase)).toEqual(['connected', 'connected'])
  })

  test('P18: leave nothing at the signal that ends the process, however often they are cut', async () => {
    const signals = new Set<AbortSignal>()
    const { sleep } = bench.timing
    bench.timing.sleep = (ms, signal) => {
      signals.add(signal)
      return sleep(ms, signal)
    }
    server.receptions = [on('a'), on('b')]
    bench.open({ slots: 2 })
    for (let index = 1; index < 20; index += 1) {
      const far = await server.tunnel(index)
      await far.frames('ping')
      far.webSocket.terminate()
    }
    await server.tunnel(20)
    const listeners = [...signals].map((signal) => getEventListeners(signal, 'abort').length)
    expect(Math.max(...listeners)).toBeLessThan(6)
  })

  test('count what is in flight together', async () => {
    const held = new HeldReviews()
    server.receptions = [on('a'), on('b')]
    bench.open({
      slots: 2,
      reviewsInFlightMax: 1,
      reviewsQueuedMax: 0,
      reviewToken: held.reviewToken,
    })
    const [first, second] = [await server.tunnel(0), await server.tunnel(1)]
    first.send(review(1))
    await first.frames('accepted')
    second.send(review(2))
    expect((await second.frames('failure'))[0]).toMatchObject({ code: 'overloaded' })
    held.answerAll()
    await first.frames('token-reviewed')
  })

  test('that meet on one replica part: the second tries again while it serves, three times in all', async () => {
    server.receptions = [on('a')]
    const { tunnels } = bench.open({ slots: 2 })
    const last = await server.tunnel(3)
    expect(server.tunnels.map(slotOf).slice(0, 3)).toEqual([0, 1, 2])
    expect(slotOf(last)).not.toBe(2)
    last.send(review(4))
    await last.frames('token-reviewed')
    await expect.poll(() => server.tunnels[1]?.isClosed).toBe(true)
    await expect.poll(() => server.tunnels[2]?.isClosed).toBe(true)
    expect(server.tunnels[0]?.isClosed).toBe(false)
    expect(tunnels.states()).toMatchObject([{ phase: 'connected' }, { phase: 'connected' }])
    expect(server.upgrades).toHaveLength(4)
  })

  test('that meet on one replica are content as soon as one has found another', async () => {
    server.receptions = [on('a'), on('a'), on('b')]
    const { tunnels } = bench.open({ slots: 2 })
    await server.tunnel(2)
    await expect
      .poll(() => tunnels.states())
      .toMatchObject([{ replicaId: 'a' }, { phase: 'connected', replicaId: 'b' }])
    const [hello] = server.tunnels[2]?.of('hello') ?? []
    expect(hello).toMatchObject({ slot: 2, epoch: 3 })
  })
})

describe('P25: a control plane of the version before', () => {
  const old: Reception = { kind: 'welcome', minorVersion: 1, features: features.reviews }

  test('has one tunnel of a process, which serves', async () => {
    server.receptions = [old]
    const { tunnels } = bench.open({ slots: 2 })
    const far = await server.tunnel()
    far.send(review(1))
    await far.frames('token-reviewed')
    expect(tunnels.states()).toMatchObject([{ phase: 'connected' }, { phase: 'not-yet' }])
    expect(server.upgrades).toHaveLength(1)
  })

  test('that takes the place of a newer one has only the first, and the second waits for a newer one', async () => {
    server.receptions = [on('new'), old, on('newer')]
    const { tunnels } = bench.open({ slots: 2 })
    await server.tunnel(2)
    expect(server.tunnels[1]?.isClosed).toBe(true)
    await expect.poll(() => tunnels.states()[1]).toMatchObject({ phase: 'connected', replicaId: 'newer' })
    expect(Math.max(...bench.timing.waits)).toBeGreaterThanOrEqual(60_000)
  })

  test('is left without Drain, after what is in flight', async () => {
    server.receptions = [old]
    const held = new HeldReviews()
    const { close } = bench.open({ reviewToken: held.reviewToken })
    const far = await server.tunnel()
    far.send(review(1))
    await far.frames('accepted')
    const closed = close()
    held.answerAll()
    await closed
    expect(far.of('token-reviewed')).toHaveLength(1)
    expect(far.of('drain')).toEqual([])
    expect(far.of('go-away')).toHaveLength(1)
  })
})

describe('P24: a key', () => {
  test('that changed opens another tunnel first, and then the old one goes', async () => {
    const held = new HeldReviews()
    const credential = changingCredential(bench.keys.privateKey)
    bench.open({ credential, reviewToken: held.reviewToken })
    const old = await server.tunnel()
    old.send(review(1))
    await old.frames('accepted')
    credential.change('key-2')
    const next = await server.tunnel(1)
    expect(server.upgrades[1]?.jwt.header).toMatchObject({ kid: 'key-2' })
    await old.frames('drain')
    expect(old.isClosed).toBe(false)
    held.answerAll()
    await old.closed()
    expect(old.of('token-reviewed')).toHaveLength(1)
    next.send(review(2))
    await next.frames('accepted')
    expect(credential.proven).toEqual(['key-1', 'key-2'])
    held.answerAll()
  })

  test('that is refused gives way to the other one that is stored', async () => {
    const body = JSON.stringify({ code: 'credential-unknown', message: 'unknown key', permanent: true })
    server.receptions = [{ kind: 'http', status: 401, body }, { kind: 'welcome' }]
    const credential = changingCredential(bench.keys.privateKey, ['key-2'])
    const { state } = bench.open({ credential })
    await server.tunnel()
    expect(server.upgrades.map(({ jwt }) => jwt.header['kid'])).toEqual(['key-1', 'key-2'])
    await expect.poll(state).toMatchObject({ phase: 'connected' })
  })

  test('that is refused for good, with no other one, ends the tunnels of all slots', async () => {
    const body = JSON.stringify({ code: 'credential-unknown', message: 'unknown key', permanent: true })
    server.receptions = [on('a'), { kind: 'http', status: 401, body }]
    const { ended } = bench.open({ slots: 2 })
    await expect(ended).resolves.toMatchObject({ kind: 'refused', refusal: { code: 'credential-unknown' } })
  })
})

describe('what the control plane is told of the gateway', () => {
  test('comes after Welcome on each tunnel, again on change, and no more after the end', async () => {
    const listeners = new Set<() => void>()
    let detail = 'first'
    const healthy = { apiServerReachable: true, mayReviewTokens: true, credentialExpiresAtS: 0 }
    bench.open({
      announcements: [
        {
          tell(send) {
            const tell = (): void => send({ kind: 'health', ...healthy, detail })
            tell()
            listeners.add(tell)
            return () => void listeners.delete(tell)
          },
        },
      ],
    })
    const first = await server.tunnel()
    expect(await first.frames('health')).toMatchObject([{ detail: 'first' }])
    detail = 'second'
    for (const listener of listeners) listener()
    expect(await first.frames('health', 2)).toMatchObject([{ detail: 'first' }, { detail: 'second' }])
    first.webSocket.terminate()
    const next = await server.tunnel(1)
    expect(await next.frames('health')).toMatchObject([{ detail: 'second' }])
    expect(listeners.size).toBe(1)
  })

  test('has the call for streams passed on with its ticket, and announces only what it can do', async () => {
    const tickets: string[] = []
    let closed = false
    const { close } = bench.open({
      createStreams: () => ({
        dial: (ticket) => void tickets.push(Buffer.from(ticket).toString('hex')),
        close: async () => {
          closed = true
        },
      }),
    })
    const far = await server.tunnel()
    expect((far.of('hello')[0]?.features ?? 0) & features.streams).toBe(features.streams)
    far.send({ kind: 'dial-streams', ticket: Buffer.alloc(16, 0xab) })
    await expect.poll(() => tickets).toEqual(['ab'.repeat(16)])
    await close()
    expect(closed).toBe(true)
  })
})
