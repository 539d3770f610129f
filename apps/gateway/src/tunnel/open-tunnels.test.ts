import { encodeFrame, features } from '@postern/protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeControlPlane, isSignedBy, welcomeFrame, type Reception } from './test/fake-control-plane.ts'
import { changingCredential, gatewayId, review, TunnelBench, type QuickTiming } from './test/tunnel-bench.ts'
import { systemTiming } from './timing.ts'

let bench: TunnelBench
let server: FakeControlPlane
let timing: QuickTiming
let states: TunnelBench['states']
let log: TunnelBench['log']
let asked: TunnelBench['asked']

beforeEach(async () => {
  bench = await TunnelBench.start()
  ;({ server, timing, states, log, asked } = bench)
})
afterEach(() => bench.stop())

function refusal(fields: Record<string, unknown>, status = 401, headers = {}): Reception {
  return { kind: 'http', status, body: JSON.stringify(fields), headers }
}

describe('a dial', () => {
  test('shows a short-lived JWT of its own key for this control plane', async () => {
    bench.open()
    await server.tunnel()
    const [upgrade] = server.upgrades
    expect(upgrade).toMatchObject({ path: '/api/v3/gateways/tunnel', subprotocol: 'postern.tunnel.v1' })
    expect(upgrade?.jwt.header).toEqual({ alg: 'EdDSA', typ: 'JWT', kid: 'key-1' })
    const { sub, aud, jti, iat, exp } = upgrade?.jwt.claims ?? {}
    expect({ sub, aud }).toEqual({ sub: gatewayId, aud: server.url })
    expect(jti).toMatch(/^[\w-]{16,}$/)
    expect(Number(exp) - Number(iat)).toBeLessThanOrEqual(60)
    expect(upgrade !== undefined && isSignedBy(upgrade, bench.keys.publicKey)).toBe(true)
  })

  test('says Hello with its instance, its epoch and what it takes, and is connected after Welcome', async () => {
    const { state } = bench.open({ instanceId: 'instance-1' })
    const far = await server.tunnel()
    expect(far.of('hello')[0]).toMatchObject({
      instanceId: 'instance-1',
      epoch: 1,
      features: features.reviews | features.drain,
      slot: 0,
      purpose: 'reviews',
      software: '0.1.0',
      limits: { reviewsInFlightMax: 128, reviewsQueuedMax: 256 },
    })
    await expect.poll(state).toMatchObject({ phase: 'connected', replicaId: 'replica-1' })
  })

  test('never repeats a jti, and counts epochs', async () => {
    bench.open()
    const first = await server.tunnel(0)
    first.webSocket.terminate()
    const second = await server.tunnel(1)
    expect(second.of('hello')[0]?.epoch).toBe(2)
    expect(new Set(server.upgrades.map(({ jwt }) => jwt.claims['jti'])).size).toBe(2)
    expect(first.of('hello')[0]?.instanceId).toBe(second.of('hello')[0]?.instanceId)
  })

  test.each<[string, Reception]>([
    ['an upgrade that nobody answers', { kind: 'no-answer' }],
    ['a server that never says Welcome', { kind: 'mute' }],
  ])('gives up %s at its deadline and dials again', async (_, reception) => {
    server.receptions = [reception, { kind: 'welcome' }]
    const { state } = bench.open({ connectTimeoutMs: 100 })
    await server.until(() => server.upgrades.length === 2)
    await expect.poll(state).toMatchObject({ phase: 'connected' })
    expect(states.find(({ phase }) => phase === 'waiting')).toMatchObject({
      trouble: { code: reception.kind === 'mute' ? 'welcome' : 'upgrade' },
    })
  })

  test('names the hop and the remedy when nothing listens', async () => {
    await server.stop()
    const { state } = bench.open()
    await expect.poll(() => states.some(({ phase }) => phase === 'waiting')).toBe(true)
    expect(states.find(({ phase }) => phase === 'waiting')).toMatchObject({
      trouble: { code: 'tcp', remedy: expect.stringContaining('nothing listens at 127.0.0.1') },
    })
    expect(state()?.phase).not.toBe('connected')
    bench.server = await FakeControlPlane.start(Number(new URL(server.url).port))
    await expect.poll(state, { timeout: 5000 }).toMatchObject({ phase: 'connected' })
  })
})

describe('a refusal', () => {
  test('keeps nobody waiting for the stored credential who is told to stop', async () => {
    const credential = changingCredential(bench.keys.privateKey)
    const looking = Promise.withResolvers<void>()
    credential.replaceRefused = () => {
      looking.resolve()
      return new Promise(() => undefined)
    }
    server.receptions = [refusal({ code: 'credential-revoked', message: 'unknown key', permanent: true })]
    const { close, ended } = bench.open({ credential })
    await looking.promise
    await close()
    expect(await ended).toEqual({ kind: 'closed' })
  })

  test('for good ends the tunnel and says what to do', async () => {
    server.receptions = [
      refusal({ code: 'credential-revoked', message: 'revoked by an operator', permanent: true }),
    ]
    const { ended, state } = bench.open()
    await expect(ended).resolves.toMatchObject({
      kind: 'refused',
      refusal: { code: 'credential-revoked', permanent: true, status: 401 },
      remedy: expect.stringContaining('remove what POSTERN_CREDENTIAL names'),
    })
    expect(state()).toMatchObject({ phase: 'refused', trouble: { code: 'credential-revoked' } })
    expect(server.upgrades).toHaveLength(1)
  })

  test('for now is tried again, not before the server wants', async () => {
    server.receptions = [refusal({ code: 'busy', retryAfterSeconds: 7 }, 503), { kind: 'welcome' }]
    bench.open()
    await server.tunnel()
    expect(timing.waits).toEqual([7000 + 7000 / 8])
  })

  test.each([
    ['in seconds', () => '3'],
    ['as a date', () => new Date(Date.now() + 4000).toUTCString()],
  ])('by something in between is never for good, and its Retry-After counts, %s', async (_, retryAfter) => {
    const headers = { 'Retry-After': retryAfter() }
    const html = { kind: 'http', status: 502, body: '<html>', headers } as const
    server.receptions = [html, { kind: 'welcome' }]
    bench.open()
    await server.tunnel()
    expect(timing.waits[0]).toBeGreaterThanOrEqual(3000)
    expect(states.find(({ phase }) => phase === 'waiting')).toMatchObject({
      trouble: { code: 'upgrade', detail: expect.stringContaining('502') },
    })
  })

  test('by a frame after the upgrade counts as well', async () => {
    const frame = {
      kind: 'refusal',
      code: 'unsupported-version',
      message: 'too old',
      retryAfterMs: 0,
    } as const
    server.receptions = [{ kind: 'answer', frames: [{ ...frame, permanent: true }] }]
    await expect(bench.open().ended).resolves.toMatchObject({
      refusal: { code: 'unsupported-version', permanent: true },
    })
  })

  test.each([
    ['ahead', 600_000],
    ['behind', -600_000],
  ])(
    'for a clock that is ten minutes %s says so, and the next dial has the right time',
    async (side, offsetMs) => {
      timing.wallOffsetMs = offsetMs
      const skewed = { code: 'clock-skew', permanent: false, serverTime: new Date().toISOString() }
      server.receptions = [refusal(skewed), { kind: 'welcome' }]
      const { state } = bench.open()
      await server.tunnel()
      const [first, second] = server.upgrades.map(({ jwt }) => Number(jwt.claims['iat']) * 1000)
      expect(Math.abs((first ?? 0) - Date.now() - offsetMs)).toBeLessThan(10_000)
      expect(Math.abs((second ?? 0) - Date.now())).toBeLessThan(10_000)
      const waiting = states.find(({ phase }) => phase === 'waiting')
      expect(waiting).toMatchObject({ trouble: { code: 'clock-off' } })
      expect(JSON.stringify(waiting)).toContain(`clock off by 10 min: this machine's clock is ${side}`)
      await expect.poll(state).toMatchObject({ phase: 'connected' })
    },
  )

  test('for the clock is told by the Date header when the body does not say', async () => {
    timing.wallOffsetMs = 600_000
    server.receptions = [
      { kind: 'http', status: 401, body: '', headers: { Date: new Date().toUTCString() } },
      { kind: 'welcome' },
    ]
    bench.open()
    await server.tunnel()
    expect(Math.abs(Number(server.upgrades[1]?.jwt.claims['iat']) * 1000 - Date.now())).toBeLessThan(10_000)
  })

  test('that a corrected clock did not help is an ordinary refusal', async () => {
    const liar = refusal({ code: 'clock-skew', serverTime: '2001-01-01T00:00:00Z', permanent: false })
    const other = refusal({ code: 'clock-skew', serverTime: '2031-01-01T00:00:00Z', permanent: true })
    server.receptions = [liar, other]
    await expect(bench.open().ended).resolves.toMatchObject({
      kind: 'refused',
      refusal: { code: 'clock-skew' },
    })
  })
})

describe('a session', () => {
  test('answers a review with Accepted and then the verdict', async () => {
    bench.open()
    const far = await server.tunnel()
    far.send(review(5))
    const [answer] = await far.frames('token-reviewed')
    expect(answer).toMatchObject({ requestId: 5, username: 'u' })
    const kinds = far.received.map(({ kind }) => kind).filter((kind) => kind !== 'ping')
    expect(kinds).toEqual(['hello', 'accepted', 'token-reviewed'])
    expect(asked[0]).toMatchObject({ token: 'a.b.5', audiences: [] })
  })

  test('takes reviews that come in one packet with Welcome', async () => {
    server.receptions = [{ kind: 'answer', frames: [welcomeFrame(), review(1), review(2)] }]
    bench.open()
    const far = await server.tunnel()
    expect((await far.frames('token-reviewed', 2)).map(({ requestId }) => requestId)).toEqual([1, 2])
  })

  test('aborts a review that is cancelled', async () => {
    const aborted = Promise.withResolvers<void>()
    bench.open({
      reviewToken: ({ signal }) => {
        signal?.addEventListener('abort', () => aborted.resolve())
        return new Promise(() => undefined)
      },
    })
    const far = await server.tunnel()
    far.send(review(5), { kind: 'cancel', requestId: 5 })
    await aborted.promise
    expect(far.of('token-reviewed')).toEqual([])
  })

  test('says it has too much to do at once, and that within the same connection', async () => {
    bench.open({
      reviewToken: () => new Promise(() => undefined),
      reviewsInFlightMax: 1,
      reviewsQueuedMax: 0,
    })
    const far = await server.tunnel()
    far.send(review(1), review(2))
    expect((await far.frames('failure'))[0]).toMatchObject({ requestId: 2, code: 'overloaded' })
    expect(far.isClosed).toBe(false)
  })

  test('ignores frames of a newer version and frames that are not for it', async () => {
    bench.open()
    const far = await server.tunnel()
    far.sendBytes(Uint8Array.of(0xba, 0x02, 0x02, 0x08, 0x01))
    far.send({ kind: 'window', streamId: 1, creditBytes: 2 }, review(1))
    await far.frames('token-reviewed')
    expect(server.tunnels).toHaveLength(1)
  })

  test.each([
    ['bytes that are no frame', Buffer.from([0xff, 0xff])],
    [
      'a token over the limit',
      Buffer.concat([Buffer.from([0x22, 0x87, 0x40, 0x1a, 0x84, 0x40]), Buffer.alloc(8196)]),
    ],
  ])('that receives %s closes with a protocol error, and a new one comes', async (_, bytes) => {
    bench.open()
    const far = await server.tunnel()
    far.sendBytes(bytes)
    expect((await far.frames('go-away'))[0]).toMatchObject({ code: 'protocol-error' })
    await far.closed()
    await server.tunnel(1)
    expect(states.find(({ phase }) => phase === 'waiting')).toMatchObject({
      trouble: { code: 'malformed-frame' },
    })
  })

  test('that receives a message over 64 KiB closes', async () => {
    bench.open()
    const far = await server.tunnel()
    far.sendBytes(Buffer.alloc(64 * 1024 + 1))
    await far.closed()
    await server.tunnel(1)
    expect(server.tunnels).toHaveLength(2)
  })

  test('pings with its load, and answers pings', async () => {
    server.receptions = [{ kind: 'welcome', pingIntervalMs: 20 }]
    bench.open({ reviewToken: () => new Promise(() => undefined) })
    const far = await server.tunnel()
    far.send(review(1), { kind: 'ping', nonce: 77, inFlight: 0, eventLoopLagMs: 0 })
    expect((await far.frames('pong'))[0]).toMatchObject({ nonce: 77, inFlight: 1 })
    await far.until(() => far.of('ping').some(({ inFlight }) => inFlight === 1))
    expect(far.of('ping').length).toBeGreaterThan(1)
  })

  test('whose server vanished without a word is ended within three pings, and a new one comes', async () => {
    server.receptions = [{ kind: 'welcome', pingIntervalMs: 200 }, { kind: 'welcome' }]
    const aborted: boolean[] = []
    bench.open({
      reviewToken: ({ signal }) => {
        signal?.addEventListener('abort', () => aborted.push(true))
        return new Promise(() => undefined)
      },
    })
    const far = await server.tunnel()
    far.send(review(1))
    await far.frames('accepted')
    far.vanish()
    const vanishedAt = performance.now()
    await server.tunnel(1)
    expect(performance.now() - vanishedAt).toBeLessThan(2000)
    expect(states.find(({ phase }) => phase === 'waiting')).toMatchObject({
      trouble: { code: 'lost', detail: 'the control plane fell silent' },
    })
    expect(aborted).toEqual([true])
  })

  test('that is told to leave dials again, not before the server wants', async () => {
    bench.open()
    const far = await server.tunnel()
    far.send({ kind: 'go-away', code: 'shutting-down', reason: '', reconnectAfterMs: 1234 })
    await far.closed()
    await server.tunnel(1)
    expect(timing.waits[0]).toBeGreaterThanOrEqual(1234)
  })

  test('that was told to leave begins no review any more', async () => {
    bench.open()
    const far = await server.tunnel()
    far.webSocket.pause()
    far.send({ kind: 'go-away', code: 'shutting-down', reason: '', reconnectAfterMs: 0 })
    await expect.poll(() => states.some(({ phase }) => phase === 'waiting')).toBe(true)
    far.send(review(1))
    await server.tunnel(1)
    far.webSocket.resume()
    await far.closed()
    expect(asked).toEqual([])
    expect(far.of('accepted')).toEqual([])
  })

  test('that was replaced by a twin waits before it returns, and says why', async () => {
    bench.open()
    const far = await server.tunnel()
    far.send({ kind: 'go-away', code: 'replaced', reason: '', reconnectAfterMs: 0 })
    await server.tunnel(1)
    expect(timing.waits[0]).toBeGreaterThanOrEqual(15_000)
    expect(JSON.stringify(states)).toContain('another process has the same instance id')
  })
})

describe('close', () => {
  test('says goodbye, aborts what runs and leaves no handle behind', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => name !== 'TCPServerWrap').length
    const aborted: boolean[] = []
    const { close, ended } = bench.open({
      reviewToken: ({ signal }) => {
        signal?.addEventListener('abort', () => aborted.push(true))
        return new Promise(() => undefined)
      },
    })
    const far = await server.tunnel()
    far.send(review(1))
    await far.frames('accepted')
    await close()
    await expect(ended).resolves.toEqual({ kind: 'closed' })
    expect(far.of('go-away')[0]).toMatchObject({ code: 'shutting-down' })
    expect(aborted).toEqual([true])
    await far.closed()
    await expect
      .poll(() => process.getActiveResourcesInfo().filter((name) => name !== 'TCPServerWrap').length)
      .toBeLessThanOrEqual(before)
  })

  test.each<[string, Reception]>([
    ['during the dial', { kind: 'no-answer' }],
    ['during the handshake', { kind: 'mute' }],
  ])('%s ends at once', async (_, reception) => {
    server.receptions = [reception]
    const { close, state } = bench.open()
    await server.until(() => server.upgrades.length === 1)
    await close()
    expect(state()?.phase).toBe('closed')
  })

  test('during a wait ends at once', async () => {
    server.receptions = [refusal({ code: 'busy', retryAfterSeconds: 60 }, 503)]
    const { close, state } = bench.open({ timing: systemTiming })
    await expect.poll(() => state()?.phase).toBe('waiting')
    await close()
    expect(state()?.phase).toBe('closed')
  })
})

test('T31 nothing of a token reaches the log or the state', async () => {
  bench.open({ reviewToken: () => Promise.reject(new Error('cannot review a.b.1')) })
  const far = await server.tunnel()
  far.send(review(1))
  await far.frames('failure')
  far.sendBytes(encodeFrame(review(2)).subarray(0, 30))
  await far.closed()
  const bearer = server.upgrades[0]?.jwt.signed ?? ''
  const told = JSON.stringify([log, states, far.of('failure'), far.of('go-away')])
  expect(told).not.toContain('a.b.')
  expect(bearer).not.toBe('')
  expect(told).not.toContain(bearer)
})
