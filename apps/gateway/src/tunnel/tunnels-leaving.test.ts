import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { welcomeFrame, type FakeControlPlane, type Reception } from './test/fake-control-plane.ts'
import { changingCredential, HeldReviews, review, TunnelBench } from './test/tunnel-bench.ts'

let bench: TunnelBench
let server: FakeControlPlane
let held: HeldReviews

beforeEach(async () => {
  bench = await TunnelBench.start()
  held = new HeldReviews()
  ;({ server } = bench)
})
afterEach(() => bench.stop())

const on = (replicaId: string): Reception => ({ kind: 'welcome', replicaId })
const drain = { kind: 'drain', withinMs: 5_000, reason: 'this replica stops' } as const
const goAway = { kind: 'go-away', code: 'shutting-down', reason: '', reconnectAfterMs: 0 } as const

describe('a replica that leaves', () => {
  test('has another tunnel dialled first, then Drained, and gets the answers that it waits for', async () => {
    server.receptions = [on('a'), on('b')]
    const { state } = bench.open({ reviewToken: held.reviewToken })
    const old = await server.tunnel()
    old.send(review(1))
    await old.frames('accepted')
    old.send(drain)
    const next = await server.tunnel(1)
    await old.frames('drained')
    expect(next.of('hello')[0]).toMatchObject({ slot: 1, epoch: 2 })
    await expect.poll(state).toMatchObject({ phase: 'connected', replicaId: 'b' })
    held.answerAll()
    await old.frames('token-reviewed')
    old.send(goAway)
    await old.closed()
    expect(server.upgrades).toHaveLength(2)
    expect(bench.timing.waits).toEqual([0])
    expect(bench.log.map(({ message }) => message)).not.toContain('the tunnel is down')
  })

  test('is served on while no other can be reached, and is not told Drained before', async () => {
    const body = JSON.stringify({ code: 'shutting-down', permanent: false, retryAfterSeconds: 1 })
    const busy: Reception = { kind: 'http', status: 503, body }
    server.receptions = [on('a'), busy]
    const { state } = bench.open()
    const old = await server.tunnel()
    old.send(drain)
    await expect.poll(() => bench.states.some(({ phase }) => phase === 'handing-over')).toBe(true)
    old.send(review(1))
    await old.frames('token-reviewed')
    server.receptions = [on('b')]
    await server.tunnel(1)
    await old.frames('drained')
    const kinds = old.received.map(({ kind }) => kind)
    expect(kinds.indexOf('drained')).toBeGreaterThan(kinds.indexOf('token-reviewed'))
    await expect.poll(state).toMatchObject({ phase: 'connected', replicaId: 'b' })
  })

  test('and goes before there is another leaves the slot dialling', async () => {
    server.receptions = [on('a'), { kind: 'no-answer' }]
    const { state } = bench.open()
    const old = await server.tunnel()
    old.send(drain)
    await server.until(() => server.upgrades.length === 2)
    await expect.poll(state).toMatchObject({ phase: 'handing-over', replicaId: 'a' })
    old.send(goAway)
    await old.closed()
    await expect.poll(state).toMatchObject({ phase: 'dialling' })
  })

  test('without ever saying GoAway is left after the time that it named', async () => {
    server.receptions = [on('a'), on('b')]
    bench.open()
    const old = await server.tunnel()
    old.send({ ...drain, withinMs: 1 })
    await server.tunnel(1)
    expect(await old.frames('go-away')).toMatchObject([{ code: 'shutting-down' }])
    await old.closed()
  })

  test('that takes a gateway of its own accord as replaced sees no redial besides', async () => {
    server.receptions = [on('a'), on('a')]
    bench.open()
    const old = await server.tunnel()
    old.send(drain)
    await server.tunnel(1)
    old.send({ ...goAway, code: 'replaced' })
    await old.closed()
    expect(server.upgrades).toHaveLength(2)
    expect(bench.timing.waits).toEqual([0])
  })
})

describe('P5: a gateway that stops', () => {
  test('answers what came behind the Welcome that it was still looking at', async () => {
    const [asked, proving] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const credential = {
      ...changingCredential(bench.keys.privateKey),
      proved: () => {
        asked.resolve()
        return proving.promise
      },
    }
    server.receptions = [{ kind: 'answer', frames: [welcomeFrame(), review(7)] }]
    const { close } = bench.open({ credential })
    const tunnel = await server.tunnel()
    await asked.promise
    const closing = close()
    proving.resolve()
    expect(await tunnel.frames('token-reviewed')).toMatchObject([{ requestId: 7 }])
    await closing
    await tunnel.closed()
  })

  test('says so, waits until nothing new comes, finishes what crossed, and goes', async () => {
    server.receptions = [on('a'), on('b')]
    const { tunnels, close } = bench.open({ slots: 2, reviewToken: held.reviewToken })
    const [first, second] = [await server.tunnel(0), await server.tunnel(1)]
    for (const far of [first, second]) far.answersDrain = false
    first.send(review(1))
    await first.frames('accepted')
    const closed = close()
    await Promise.all([first.frames('drain'), second.frames('drain')])
    expect(tunnels.states().map(({ phase }) => phase)).toEqual(['draining', 'draining'])
    first.send(review(2), { kind: 'drained' })
    second.send({ kind: 'drained' })
    await first.frames('accepted', 2)
    await second.closed()
    expect(first.isClosed).toBe(false)
    held.answerAll()
    await closed
    expect(first.of('token-reviewed')).toHaveLength(2)
    expect(first.received.at(-1)).toMatchObject({ kind: 'go-away', code: 'shutting-down' })
    expect(server.upgrades).toHaveLength(2)
  })

  test('refuses what comes after Drained, so that it is asked elsewhere', async () => {
    const { close } = bench.open({ reviewToken: held.reviewToken })
    const far = await server.tunnel()
    far.send(review(1))
    await far.frames('accepted')
    const closed = close()
    await far.frames('drain')
    await expect
      .poll(() => {
        far.send(review(2))
        return far.of('failure').at(0)?.code
      })
      .toBe('draining')
    held.answerAll()
    await closed
    expect(far.of('token-reviewed')[0]).toMatchObject({ requestId: 1 })
  })

  test('waits for no answer longer than it says, nor for a review that hangs', async () => {
    const aborted: boolean[] = []
    const { close } = bench.open({
      leaveLimits: { drainedMsMax: 50, finishMsMax: 50 },
      reviewToken: ({ signal }) => {
        signal?.addEventListener('abort', () => aborted.push(true))
        return new Promise(() => undefined)
      },
    })
    const far = await server.tunnel()
    far.answersDrain = false
    far.send(review(1))
    await far.frames('accepted')
    await close()
    expect(aborted).toEqual([true])
    expect(far.of('drain')[0]?.withinMs).toBe(100)
    await far.closed()
  })

  test('answers a replica that leaves at the same moment', async () => {
    const { close } = bench.open()
    const far = await server.tunnel()
    await far.frames('ping')
    far.answersDrain = false
    const closed = close()
    await far.frames('drain')
    far.send(drain)
    await far.frames('drained')
    far.send(goAway)
    await closed
    expect(server.upgrades).toHaveLength(1)
  })

  test('while it dials another tunnel goes as well', async () => {
    server.receptions = [on('a'), { kind: 'no-answer' }]
    const { close, state } = bench.open()
    const old = await server.tunnel()
    old.send(drain)
    await server.until(() => server.upgrades.length === 2)
    const closed = close()
    await old.frames('drained')
    old.send(goAway)
    await closed
    expect(state()?.phase).toBe('closed')
  })
})
