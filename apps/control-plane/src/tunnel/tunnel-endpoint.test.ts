import { once } from 'node:events'
import { connect } from 'node:net'
import { Heartbeat, minorVersion, ownFeatures } from '@postern/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { FakeGateway, helloFrame, verdictOn } from './test/fake-gateway.ts'
import { TunnelBench } from './test/tunnel-bench.ts'
import type { TunnelEndpointOptions } from './tunnel-endpoint.ts'

const bearer = 'gateway-1.x.y'
let bench: TunnelBench

async function start(options: Partial<TunnelEndpointOptions> = {}): Promise<TunnelBench> {
  bench = await TunnelBench.start(options)
  return bench
}
afterEach(async () => {
  await bench.stop()
})

describe('an upgrade', () => {
  test('of a known gateway is welcomed with what the gateway needs to know', async () => {
    const { url, registry } = await start({ pingIntervalMs: 500 })
    const gateway = await FakeGateway.connect(url, bearer, { features: 0xffff })
    expect(gateway.of('welcome')[0]).toMatchObject({
      minorVersion,
      features: ownFeatures,
      replicaId: 'replica-1',
      pingIntervalMs: 500,
      limits: { frameBytesMax: 65_536, tokenBytesMax: 8192 },
    })
    expect(Math.abs((gateway.of('welcome')[0]?.serverTimeMs ?? 0) - Date.now())).toBeLessThan(5000)
    expect(registry.connected()).toEqual([{ gatewayId: 'gateway-1', keyId: 'key-of-gateway-1' }])
    expect(bench.events).toEqual(['opened'])
  })

  test('that is refused gets status, code, time and whether to try again', async () => {
    const { url, registry } = await start({
      authenticateGateway: async () => ({
        ok: false,
        status: 401,
        code: 'clock-skew',
        message: 'the clock is wrong',
        permanent: false,
        retryAfterSeconds: 9,
      }),
    })
    const { status, headers, body } = await FakeGateway.refused(url, { authorization: `Bearer ${bearer}` })
    expect(status).toBe(401)
    expect(body).toMatchObject({ code: 'clock-skew', message: 'the clock is wrong', permanent: false })
    expect(headers['retry-after']).toBe('9')
    expect(Math.abs(Date.parse(String(body['serverTime'])) - Date.now())).toBeLessThan(5000)
    expect(Math.abs(Date.parse(String(headers.date)) - Date.now())).toBeLessThan(5000)
    expect(registry.size).toBe(0)
  })

  test.each([
    ['no header', {}, undefined],
    ['another scheme', { authorization: 'Basic a.b.c' }, undefined],
    ['a bearer', { authorization: 'Bearer a.b.c' }, 'a.b.c'],
  ])('with %s shows that to the authentication', async (_, headers, expected) => {
    const seen: (string | undefined)[] = []
    const { url } = await start({
      authenticateGateway: async ({ bearer }) => {
        seen.push(bearer)
        return { ok: false, status: 401, code: 'no', message: '', permanent: true }
      },
    })
    await FakeGateway.refused(url, headers)
    expect(seen).toEqual([expected])
  })

  test('is told to come back when authentication is not possible or takes too long', async () => {
    const { url } = await start({ authenticateGateway: () => Promise.reject(new Error('database')) })
    await expect(FakeGateway.refused(url, {})).resolves.toMatchObject({
      status: 503,
      body: { permanent: false, retryAfterSeconds: 2 },
    })
    await bench.stop()
    const slow = await start({
      authenticateGateway: () => new Promise(() => undefined),
      handshakeTimeoutMs: 30,
    })
    await expect(FakeGateway.refused(slow.url, {})).resolves.toMatchObject({ status: 503 })
  })

  test('to another path or with another protocol is refused', async () => {
    const { url } = await start()
    await expect(FakeGateway.refused(`${url}/x`, {})).resolves.toMatchObject({ status: 404 })
    await expect(FakeGateway.refused(url, {}, 'postern.tunnel.v9')).resolves.toMatchObject({
      status: 400,
      body: { code: 'unsupported-subprotocol', permanent: true },
    })
  })

  test('beyond the number that may wait for authentication is told when to come back', async () => {
    const waiting = Promise.withResolvers<void>()
    const { url } = await start({
      handshakesMax: 1,
      authenticateGateway: async () => {
        waiting.resolve()
        return new Promise(() => undefined)
      },
    })
    const first = FakeGateway.dial(url, bearer).catch(() => 'refused')
    await waiting.promise
    await expect(FakeGateway.refused(url, {})).resolves.toMatchObject({
      status: 503,
      body: { code: 'busy', retryAfterSeconds: 1 },
    })
    await bench.endpoint.close()
    await expect(first).resolves.toBe('refused')
  })

  test('that goes away while it is authenticated leaves nothing behind', async () => {
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    const { url, registry } = await start({
      authenticateGateway: async () => {
        asked.resolve()
        await answer.promise
        return { ok: true, gatewayId: 'g', organizationId: 'o', keyId: 'k' }
      },
    })
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(
      'GET /api/v3/gateways/tunnel HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: postern.tunnel.v1\r\n\r\n',
    )
    await asked.promise
    socket.resetAndDestroy()
    await once(socket, 'close')
    answer.resolve()
    await expect.poll(() => registry.size).toBe(0)
  })
})

describe('a handshake', () => {
  test('without Hello in time ends', async () => {
    const { url, registry } = await start({ handshakeTimeoutMs: 50 })
    const gateway = await FakeGateway.dial(url, bearer)
    await gateway.closed()
    expect(gateway.received).toEqual([])
    expect(registry.size).toBe(0)
  })

  test.each([
    ['another frame than Hello', { kind: 'cancel', requestId: 1 } as const, 'malformed-hello', false],
    ['a gateway that cannot review', helloFrame({ features: 4 }), 'unsupported-version', true],
  ])('with %s is refused', async (_, frame, code, permanent) => {
    const { url, registry } = await start()
    const gateway = await FakeGateway.dial(url, bearer)
    gateway.send(frame)
    expect((await gateway.frames('refusal'))[0]).toMatchObject({ code, permanent })
    await gateway.closed()
    expect(registry.size).toBe(0)
  })

  test('of an older epoch than the live one of the instance is refused', async () => {
    const { url, registry } = await start()
    const live = await FakeGateway.connect(url, bearer, { epoch: 5 })
    const late = await FakeGateway.dial(url, bearer)
    late.send(helloFrame({ epoch: 4 }))
    expect((await late.frames('refusal'))[0]).toMatchObject({ code: 'superseded', permanent: false })
    expect(live.isClosed).toBe(false)
    expect(registry.size).toBe(1)
  })

  test.each([2, 1])('of epoch %d replaces epoch 1 of the instance', async (epoch) => {
    const { url, registry } = await start()
    const old = await FakeGateway.connect(url, bearer, { epoch: 1 })
    await FakeGateway.connect(url, bearer, { epoch })
    expect((await old.frames('go-away'))[0]).toMatchObject({ code: 'replaced' })
    await old.closed()
    expect(registry.size).toBe(1)
    expect(bench.events).toContain('closed: replaced')
  })

  test('of another instance or another gateway adds a tunnel', async () => {
    const { url, registry } = await start()
    await FakeGateway.connect(url, bearer)
    await FakeGateway.connect(url, bearer, { instanceId: 'instance-2' })
    await FakeGateway.connect(url, 'gateway-2.x.y')
    expect(registry.tunnelsOf('gateway-1')).toHaveLength(2)
    expect(registry.tunnelsOf('gateway-2')).toHaveLength(1)
  })

  test('of one instance more than a gateway may have is refused, of one that is here it is not', async () => {
    const { url, registry } = await start()
    for (let index = 0; index < 64; index++) {
      await FakeGateway.connect(url, bearer, { instanceId: `instance-${index}` })
    }
    const surplus = await FakeGateway.dial(url, bearer)
    surplus.send(helloFrame({ instanceId: 'instance-64' }))
    const [refusal] = await surplus.frames('refusal')
    expect(refusal).toMatchObject({ code: 'overloaded', permanent: false, retryAfterMs: 15_000 })
    await FakeGateway.connect(url, bearer, { instanceId: 'instance-0', epoch: 2 })
    await FakeGateway.connect(url, 'gateway-2.x.y')
    expect(registry.tunnelsOf('gateway-1')).toHaveLength(64)
  })
})

describe('a tunnel', () => {
  test('whose gateway fell silent is out of the registry within three pings', async () => {
    const { url, registry } = await start({ pingIntervalMs: 100 })
    const gateway = await FakeGateway.connect(url, bearer)
    await gateway.frames('ping', 3)
    expect(registry.size).toBe(1)
    gateway.answersPings = false
    const since = performance.now()
    await expect.poll(() => registry.size, { interval: 5, timeout: 3000 }).toBe(0)
    expect(performance.now() - since).toBeLessThan(1500)
    await gateway.closed()
    expect(bench.events).toContain('closed: silent')
  })

  test('P11 of a gateway that pings as it was asked is pinged with the answers, in the same writes', async () => {
    const { url } = await start({ pingIntervalMs: 400 })
    const gateway = await FakeGateway.connect(url, bearer)
    const writes: string[][] = []
    let seen = gateway.received.length
    const heartbeat = new Heartbeat({
      intervalMs: 400,
      send: (frame) => gateway.send(frame),
      inFlight: () => 0,
      silent: () => undefined,
    })
    // What one write has brought is heard in one turn of the event loop.
    const looking = setInterval(() => {
      const kinds = gateway.received.slice(seen).map(({ kind }) => kind)
      seen = gateway.received.length
      if (kinds.length === 0) return
      heartbeat.heard()
      writes.push(kinds)
    }, 1)
    await gateway.frames('pong', 8)
    clearInterval(looking)
    heartbeat.stop()
    const alone = writes.slice(2).filter((kinds) => !kinds.includes('pong'))
    // Otherwise nearly all: a busy machine may be late for a few.
    expect(alone.length).toBeLessThanOrEqual(3)
  })

  test('that sends what is no frame is closed, and only that one', async () => {
    const { url, registry } = await start()
    const bad = await FakeGateway.connect(url, bearer)
    const good = await FakeGateway.connect(url, bearer, { instanceId: 'instance-2' })
    bad.webSocket.send(Buffer.from([0xff]))
    expect((await bad.frames('go-away'))[0]).toMatchObject({ code: 'protocol-error' })
    await bad.closed()
    expect(good.isClosed).toBe(false)
    expect(registry.size).toBe(1)
  })

  test('that sends more than a frame is out at once, even if the gateway does not leave', async () => {
    const { url, registry } = await start()
    const gateway = await FakeGateway.connect(url, bearer)
    gateway.webSocket.send(Buffer.alloc(70_000))
    gateway.webSocket.pause()
    await expect.poll(() => registry.size).toBe(0)
    expect(bench.events).toEqual(['opened', 'closed: malformed-frame'])
    gateway.webSocket.terminate()
  })

  test('ignores frames of a newer version', async () => {
    const { url, registry } = await start()
    const gateway = await FakeGateway.connect(url, bearer)
    gateway.webSocket.send(Buffer.from([0xba, 0x02, 0x00]))
    gateway.send({ kind: 'ping', nonce: 5, inFlight: 3, eventLoopLagMs: 2 })
    expect((await gateway.frames('pong'))[0]).toMatchObject({ nonce: 5 })
    expect(registry.tunnelsOf('gateway-1')[0]?.peer).toEqual({ inFlight: 3, eventLoopLagMs: 2 })
  })

  test('of a gateway that says goodbye is out at once', async () => {
    const { url, registry } = await start()
    const gateway = await FakeGateway.connect(url, bearer)
    gateway.send({ kind: 'go-away', code: 'shutting-down', reason: '', reconnectAfterMs: 0 })
    await gateway.closed()
    expect(registry.size).toBe(0)
    expect(bench.events).toEqual(['opened', 'closed: left'])
  })

  test('T49 of a revoked gateway closes with the reason, those of others stay', async () => {
    const { url, registry } = await start()
    const revoked = await FakeGateway.connect(url, bearer)
    const other = await FakeGateway.connect(url, 'gateway-2.x.y')
    expect(registry.closeTunnelsOf('gateway-1', 'revoked by an operator', 'key-of-another')).toBe(0)
    expect(registry.closeTunnelsOf('gateway-1', 'revoked by an operator', 'key-of-gateway-1')).toBe(1)
    expect((await revoked.frames('go-away'))[0]).toMatchObject({
      code: 'revoked',
      reason: 'revoked by an operator',
    })
    await revoked.closed()
    expect(other.isClosed).toBe(false)
    expect(registry.tunnelsOf('gateway-1')).toEqual([])
  })

  test('closes with a word when the replica stops, even if the gateway does not answer', async () => {
    const { url, registry } = await start()
    const polite = await FakeGateway.connect(url, bearer)
    const stuck = await FakeGateway.connect(url, bearer, { instanceId: 'instance-2' })
    stuck.webSocket.pause()
    await bench.endpoint.close()
    expect(polite.of('go-away')[0]).toMatchObject({ code: 'shutting-down' })
    expect(registry.size).toBe(0)
    await expect(FakeGateway.refused(url, {})).resolves.toMatchObject({ status: 503 })
    stuck.webSocket.terminate()
  })
})

test('no timer and no socket is left after close, with a review in flight', async () => {
  const count = (): number => process.getActiveResourcesInfo().length
  const before = count()
  const { url, registry } = await start({ pingIntervalMs: 50, finishWithinMs: 50 })
  const gateway = await FakeGateway.connect(url, bearer)
  const review = bench.reviewer('gateway-1').review({ token: 'a.b.c', audiences: [], budgetMs: 5000 })
  const [asked] = await gateway.frames('review-token')
  await bench.stop()
  await expect(review).resolves.toMatchObject({ kind: 'failed', failure: 'gateway-unavailable' })
  await gateway.closed()
  expect(registry.size).toBe(0)
  expect(asked && verdictOn(asked).username).toBe('of a.b.c')
  await expect.poll(count).toBeLessThanOrEqual(before)
  bench = await TunnelBench.start()
})
