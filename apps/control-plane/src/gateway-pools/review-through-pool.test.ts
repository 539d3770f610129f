import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FailureCode } from '@postern/protocol'
import { FakeGateway, verdictOn } from '../tunnel/test/fake-gateway.ts'
import { TunnelBench } from '../tunnel/test/tunnel-bench.ts'

const bearer = 'gateway-1.x.y'
let bench: TunnelBench
beforeEach(async () => {
  bench = await TunnelBench.start({ pingIntervalMs: 200 })
})
afterEach(async () => {
  await bench.stop()
})

const request = { token: 'a.b.c', audiences: ['https://postern'], budgetMs: 2000 }
const discards = (): string[] => bench.events.filter((event) => event.startsWith('discarded'))

describe('a review through a gateway', () => {
  test('asks with what the gateway needs and hands its verdict to the login', async () => {
    const gateway = await FakeGateway.connect(bench.url, bearer)
    const outcome = bench.reviewer('gateway-1').review(request)
    const [asked] = await gateway.frames('review-token')
    expect(asked).toMatchObject({ token: 'a.b.c', audiences: ['https://postern'], attempt: 1 })
    expect(asked?.deadlineMs).toBeGreaterThan(1000)
    expect(asked?.deadlineMs).toBeLessThanOrEqual(2000)
    if (asked) gateway.send({ kind: 'accepted', requestId: asked.requestId }, verdictOn(asked))
    await expect(outcome).resolves.toMatchObject({
      kind: 'reviewed',
      verdict: { authenticated: true, username: 'of a.b.c', uid: '1', audiences: ['https://postern'] },
      via: { reviewer: 'gateway', gatewayId: 'gateway-1', attempts: 1 },
    })
  })

  test('hands on that a token is not authentic, and asks nobody else', async () => {
    const gateway = await FakeGateway.connect(bench.url, bearer)
    const other = await FakeGateway.connect(bench.url, bearer, { instanceId: 'instance-2' })
    const outcome = bench.reviewer('gateway-1').review(request)
    await Promise.race([gateway.frames('review-token'), other.frames('review-token')])
    const one = gateway.of('review-token').length > 0 ? gateway : other
    const [asked] = one.of('review-token')
    if (asked) one.send(verdictOn(asked, { authenticated: false, error: 'expired' }))
    await expect(outcome).resolves.toMatchObject({
      kind: 'reviewed',
      verdict: { authenticated: false, error: 'expired' },
      via: { attempts: 1 },
    })
  })

  test('T48 two answers swapped in flight are both discarded', async () => {
    const gateway = await FakeGateway.connect(bench.url, bearer)
    const one = bench.reviewer('gateway-1').review({ ...request, token: 'token.of.one' })
    const other = bench.reviewer('gateway-1').review({ ...request, token: 'token.of.other' })
    const [first, second] = await gateway.frames('review-token', 2)
    if (first && second) {
      gateway.send(
        { ...verdictOn(first), requestId: second.requestId },
        { ...verdictOn(second), requestId: first.requestId },
      )
    }
    const outcomes = await Promise.all([one, other])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['failed', 'failed'])
    expect(JSON.stringify(outcomes)).not.toContain('of token')
    expect(discards()).toEqual(['discarded: wrong-nonce', 'discarded: wrong-nonce'])
  })

  test.each([
    ['the wrong nonce', { nonce: new Uint8Array(16) }, 'wrong-nonce'],
    ['the hash of another token', { tokenSha256: createHash('sha256').update('x').digest() }, 'wrong-token'],
  ])('T48 a verdict with %s is discarded, and another tunnel asked', async (_, wrong, reason) => {
    const liar = await FakeGateway.connect(bench.url, bearer)
    const outcome = bench.reviewer('gateway-1').review(request)
    const [asked] = await liar.frames('review-token')
    const honest = await FakeGateway.connect(bench.url, bearer, { instanceId: 'instance-2' })
    if (asked) liar.send(verdictOn(asked, { ...wrong, username: 'admin' }))
    const [askedAgain] = await honest.frames('review-token')
    expect(askedAgain?.attempt).toBe(2)
    if (askedAgain) honest.send(verdictOn(askedAgain))
    await expect(outcome).resolves.toMatchObject({ verdict: { username: 'of a.b.c' }, via: { attempts: 2 } })
    expect(discards()).toEqual([`discarded: ${reason}`])
  })

  test("T48 another organization's gateway cannot answer a review by its id", async () => {
    const gateway = await FakeGateway.connect(bench.url, bearer)
    const stranger = await FakeGateway.connect(bench.url, 'gateway-2.x.y')
    const outcome = bench.reviewer('gateway-1').review(request)
    const [asked] = await gateway.frames('review-token')
    if (asked) stranger.send(verdictOn(asked, { username: 'admin' }))
    await expect.poll(discards).toEqual(['discarded: nobody-waits'])
    if (asked) gateway.send(verdictOn(asked))
    await expect(outcome).resolves.toMatchObject({ verdict: { username: 'of a.b.c' } })
  })

  test('a late answer is discarded and counted', async () => {
    const gateway = await FakeGateway.connect(bench.url, bearer)
    const outcome = bench.reviewer('gateway-1').review({ ...request, budgetMs: 50 })
    const [asked] = await gateway.frames('review-token')
    await expect(outcome).resolves.toMatchObject({ kind: 'failed', failure: 'deadline-exceeded' })
    expect((await gateway.frames('cancel'))[0]?.requestId).toBe(asked?.requestId)
    if (asked) gateway.send(verdictOn(asked))
    await expect.poll(discards).toEqual(['discarded: nobody-waits'])
  })

  test('a caller who leaves cancels the review', async () => {
    const gateway = await FakeGateway.connect(bench.url, bearer)
    const caller = new AbortController()
    const outcome = bench.reviewer('gateway-1').review({ ...request, signal: caller.signal })
    const [asked] = await gateway.frames('review-token')
    caller.abort()
    await expect(outcome).resolves.toMatchObject({ kind: 'failed' })
    expect((await gateway.frames('cancel'))[0]?.requestId).toBe(asked?.requestId)
    expect(bench.registry.tunnelsOf('gateway-1')[0]?.inFlight).toBe(0)
  })

  test.each<[FailureCode, string, number | undefined]>([
    ['api-server-timeout', 'api-server-timeout', undefined],
    ['api-server-overloaded', 'api-server-overloaded', 3],
    ['api-server-error', 'api-server-error', undefined],
    ['api-server-unreachable', 'api-server-unreachable', undefined],
    ['reviewer-unauthorized', 'reviewer-unauthorized', undefined],
    ['reviewer-forbidden', 'reviewer-forbidden', undefined],
    ['tls-failed', 'tls-failed', undefined],
    ['malformed-answer', 'malformed-answer', undefined],
    ['overloaded', 'gateway-overloaded', 1],
    ['deadline', 'deadline-exceeded', undefined],
    ['internal', 'gateway-unavailable', 5],
  ])('the failure %s of the only tunnel is %s', async (code, failure, retryAfterSeconds) => {
    const gateway = await FakeGateway.connect(bench.url, bearer)
    const outcome = bench.reviewer('gateway-1').review(request)
    const [asked] = await gateway.frames('review-token')
    const retryAfterMs = code === 'api-server-overloaded' ? 2500 : 0
    gateway.send({ kind: 'failure', requestId: asked?.requestId ?? 0, code, retryAfterMs, detail: 'why' })
    const failed = await outcome
    expect(failed).toMatchObject({ kind: 'failed', failure, detail: `${code}: why`, via: { attempts: 1 } })
    expect('retryAfterSeconds' in failed ? failed.retryAfterSeconds : undefined).toBe(retryAfterSeconds)
  })

  test.each<FailureCode>(['overloaded', 'draining', 'api-server-unreachable', 'internal'])(
    'after %s another tunnel of the gateway is asked',
    async (code) => {
      const first = await FakeGateway.connect(bench.url, bearer)
      const outcome = bench.reviewer('gateway-1').review(request)
      const [asked] = await first.frames('review-token')
      const second = await FakeGateway.connect(bench.url, bearer, { instanceId: 'instance-2' })
      first.send({ kind: 'failure', requestId: asked?.requestId ?? 0, code, retryAfterMs: 0, detail: '' })
      const [again] = await second.frames('review-token')
      if (again) second.send(verdictOn(again))
      await expect(outcome).resolves.toMatchObject({ kind: 'reviewed', via: { attempts: 2 } })
    },
  )
})

describe('when a tunnel dies', () => {
  test('its reviews go to another tunnel of the gateway at once', async () => {
    const dying = await FakeGateway.connect(bench.url, bearer)
    const outcome = bench.reviewer('gateway-1').review(request)
    await dying.frames('review-token')
    const other = await FakeGateway.connect(bench.url, bearer, { instanceId: 'instance-2' })
    dying.webSocket.terminate()
    const [again] = await other.frames('review-token')
    expect(again).toMatchObject({ token: 'a.b.c', attempt: 2 })
    if (again) other.send(verdictOn(again))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed', via: { attempts: 2 } })
  })

  test('its reviews go to the tunnel with which the gateway returns', async () => {
    const dying = await FakeGateway.connect(bench.url, bearer)
    const outcome = bench.reviewer('gateway-1').review(request)
    await dying.frames('review-token')
    dying.webSocket.terminate()
    await expect.poll(() => bench.registry.size).toBe(0)
    const returned = await FakeGateway.connect(bench.url, bearer, { epoch: 2 })
    const [again] = await returned.frames('review-token')
    if (again) returned.send(verdictOn(again))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed', via: { attempts: 2 } })
  })

  test('a login that comes while the gateway is about to return waits for it', async () => {
    const first = await FakeGateway.connect(bench.url, bearer)
    first.webSocket.terminate()
    await expect.poll(() => bench.registry.size).toBe(0)
    const outcome = bench.reviewer('gateway-1').review(request)
    const returned = await FakeGateway.connect(bench.url, bearer, { epoch: 2 })
    const [asked] = await returned.frames('review-token')
    if (asked) returned.send(verdictOn(asked))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed', via: { attempts: 1 } })
  })

  test('one that is only half closed is asked no more', async () => {
    const half = await FakeGateway.connect(bench.url, bearer)
    half.webSocket.close()
    half.webSocket.pause()
    // By the time that another gateway is welcomed, the closing frame has been read.
    await FakeGateway.connect(bench.url, 'gateway-2.x.y')
    const outcome = bench.reviewer('gateway-1').review(request)
    expect(bench.events).toContain('closed: lost')
    const back = await FakeGateway.connect(bench.url, bearer, { epoch: 2 })
    const [asked] = await back.frames('review-token')
    if (asked) back.send(verdictOn(asked))
    await expect(outcome).resolves.toMatchObject({ kind: 'reviewed', via: { attempts: 2 } })
    half.webSocket.terminate()
  })

  test('a silent one gives its reviews up with it', async () => {
    const silent = await FakeGateway.connect(bench.url, bearer)
    const outcome = bench.reviewer('gateway-1', 10).review({ ...request, budgetMs: 5000 })
    await silent.frames('review-token')
    silent.answersPings = false
    await expect(outcome).resolves.toMatchObject({
      kind: 'failed',
      failure: 'gateway-unavailable',
      detail: expect.stringContaining('fell silent'),
    })
  })

  test('T49 and does not return, the login is told to come back, and nobody else is asked', async () => {
    const stranger = await FakeGateway.connect(bench.url, 'gateway-2.x.y')
    const dying = await FakeGateway.connect(bench.url, bearer)
    const outcome = bench.reviewer('gateway-1', 50).review(request)
    await dying.frames('review-token')
    dying.webSocket.terminate()
    await expect(outcome).resolves.toMatchObject({
      kind: 'failed',
      failure: 'gateway-unavailable',
      retryAfterSeconds: 5,
      via: { reviewer: 'gateway', gatewayId: 'gateway-1', attempts: 1 },
    })
    expect(stranger.of('review-token')).toEqual([])
  })
})

test('T49 a gateway that was not connected lately is unavailable at once', async () => {
  const startedAt = performance.now()
  await expect(bench.reviewer('gateway-1').review(request)).resolves.toMatchObject({
    kind: 'failed',
    failure: 'gateway-unavailable',
    retryAfterSeconds: 5,
    via: { attempts: 0 },
  })
  expect(performance.now() - startedAt).toBeLessThan(1000)
})

test('a login that has no time left asks nobody', async () => {
  const gateway = await FakeGateway.connect(bench.url, bearer)
  const outcome = await bench.reviewer('gateway-1').review({ ...request, budgetMs: 0 })
  expect(outcome).toMatchObject({ kind: 'failed', failure: 'deadline-exceeded', via: { attempts: 0 } })
  expect(gateway.of('review-token')).toEqual([])
})

test('reviews go to the tunnel with fewest in flight', async () => {
  const one = await FakeGateway.connect(bench.url, bearer)
  const other = await FakeGateway.connect(bench.url, bearer, { instanceId: 'instance-2' })
  const reviews = Array.from({ length: 6 }, () => bench.reviewer('gateway-1').review(request))
  expect(await one.frames('review-token', 3)).toHaveLength(3)
  expect(await other.frames('review-token', 3)).toHaveLength(3)
  for (const gateway of [one, other])
    for (const asked of gateway.of('review-token')) gateway.send(verdictOn(asked))
  expect((await Promise.all(reviews)).every(({ kind }) => kind === 'reviewed')).toBe(true)
})

test('a gateway that has as many reviews as it says it takes is asked for no more', async () => {
  const limits = { frameBytesMax: 65_536, tokenBytesMax: 8192, reviewsInFlightMax: 1, reviewsQueuedMax: 1 }
  const gateway = await FakeGateway.connect(bench.url, bearer, { limits })
  const waiting = [1, 2].map(() => bench.reviewer('gateway-1', 10).review(request))
  await expect(bench.reviewer('gateway-1').review(request)).resolves.toMatchObject({
    failure: 'gateway-overloaded',
    retryAfterSeconds: 1,
  })
  for (const asked of await gateway.frames('review-token', 2)) gateway.send(verdictOn(asked))
  expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(['reviewed', 'reviewed'])
})

test('T31 nothing of a token reaches the log or an outcome', async () => {
  const gateway = await FakeGateway.connect(bench.url, bearer)
  const outcome = bench.reviewer('gateway-1').review({ ...request, token: 'canary.canary.canary' })
  await gateway.frames('review-token')
  gateway.webSocket.send(Buffer.from([0xff]))
  const tooLong = bench.reviewer('gateway-1').review({ ...request, token: 'canary'.repeat(2000) })
  const told = JSON.stringify([await outcome, await tooLong, bench.log, bench.events])
  expect(told).not.toContain('canary')
})
