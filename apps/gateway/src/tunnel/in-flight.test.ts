import { createHash } from 'node:crypto'
import { encodeFrame, type Frame, type ReviewTokenFrame } from '@postern/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ReviewResult, ReviewTokenRequest } from '../token-review/review-token.ts'
import { InFlight } from './in-flight.ts'

const reviewed: ReviewResult = {
  kind: 'reviewed',
  verdict: { authenticated: true, username: 'u', uid: '1', groups: ['g'], audiences: ['a'] },
}

/** An InFlight whose reviews end when the test says so. */
class Bench {
  readonly sent: Frame[] = []
  readonly asked: {
    request: ReviewTokenRequest
    answer: (result: ReviewResult) => void
    fail: (error: Error) => void
  }[] = []
  readonly inFlight: InFlight

  constructor(limits: { reviewsInFlightMax?: number; reviewsQueuedMax?: number } = {}) {
    this.inFlight = new InFlight({
      reviewToken: (request) =>
        new Promise((resolve, reject) => {
          this.asked.push({ request, answer: resolve, fail: reject })
        }),
      // Encoded as well, because a frame that is too large must be noticed here.
      send: (frame) => {
        encodeFrame(frame)
        this.sent.push(frame)
      },
      elapsed: () => performance.now(),
      ...limits,
    })
  }

  kinds(): string[] {
    return this.sent.map((frame) => ('requestId' in frame ? `${frame.kind} ${frame.requestId}` : frame.kind))
  }

  failures(): string[] {
    return this.sent.flatMap((frame) =>
      frame.kind === 'failure' ? [`${frame.requestId} ${frame.code}`] : [],
    )
  }
}

function review(requestId: number, deadlineMs = 10_000): ReviewTokenFrame {
  const nonce = new Uint8Array(16).fill(requestId)
  return {
    kind: 'review-token',
    requestId,
    nonce,
    token: `token-${requestId}`,
    audiences: ['a'],
    deadlineMs,
    attempt: 1,
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  const left = vi.getTimerCount()
  vi.useRealTimers()
  if (left > 0) throw new Error(`${left} timers are left`)
})

describe('reviews in flight', () => {
  test('are accepted first and answered with the nonce and the hash of the token', async () => {
    const bench = new Bench()
    bench.inFlight.take(review(7))
    expect(bench.sent).toEqual([{ kind: 'accepted', requestId: 7 }])
    expect(bench.asked[0]?.request).toMatchObject({ token: 'token-7', audiences: ['a'] })
    bench.asked[0]?.answer(reviewed)
    await vi.waitFor(() => expect(bench.sent).toHaveLength(2))
    expect(bench.sent[1]).toEqual({
      kind: 'token-reviewed',
      requestId: 7,
      nonce: new Uint8Array(16).fill(7),
      tokenSha256: createHash('sha256').update('token-7').digest(),
      authenticated: true,
      username: 'u',
      uid: '1',
      groups: ['g'],
      audiences: ['a'],
      error: '',
    })
    vi.advanceTimersByTime(50)
  })

  test('wait for a place, and beyond the queue are refused at once', async () => {
    const bench = new Bench({ reviewsInFlightMax: 2, reviewsQueuedMax: 1 })
    for (const id of [1, 2, 3, 4]) bench.inFlight.take(review(id))
    expect(bench.kinds()).toEqual(['accepted 1', 'accepted 2', 'failure 4'])
    expect(bench.failures()).toEqual(['4 overloaded'])
    expect(bench.inFlight.size).toBe(3)
    bench.asked[0]?.answer(reviewed)
    await vi.waitFor(() => expect(bench.kinds()).toContain('accepted 3'))
    bench.inFlight.abortAll()
  })

  test('whose deadline passed in the queue are dropped without asking the API server', () => {
    const bench = new Bench({ reviewsInFlightMax: 1, reviewsQueuedMax: 2 })
    bench.inFlight.take(review(1))
    bench.inFlight.take(review(2, 100))
    vi.advanceTimersByTime(150)
    expect(bench.failures()).toEqual(['2 deadline'])
    expect(bench.asked).toHaveLength(1)
    bench.inFlight.abortAll()
  })

  test('that run past their deadline are aborted and answered, once', async () => {
    const bench = new Bench({ reviewsInFlightMax: 1 })
    bench.inFlight.take(review(1, 100))
    bench.inFlight.take(review(2, 10_000))
    vi.advanceTimersByTime(150)
    expect(bench.asked[0]?.request.signal?.aborted).toBe(true)
    expect(bench.kinds()).toEqual(['accepted 1', 'failure 1', 'accepted 2'])
    bench.asked[0]?.answer(reviewed)
    bench.asked[1]?.answer(reviewed)
    await vi.waitFor(() => expect(bench.kinds()).toContain('token-reviewed 2'))
    expect(bench.kinds()).not.toContain('token-reviewed 1')
    vi.advanceTimersByTime(50)
  })

  test('that are cancelled abort the call and answer nothing', async () => {
    const bench = new Bench({ reviewsInFlightMax: 1 })
    bench.inFlight.take(review(1))
    bench.inFlight.take(review(2))
    bench.inFlight.take(review(3))
    bench.inFlight.cancel(2)
    bench.inFlight.cancel(1)
    bench.inFlight.cancel(99)
    expect(bench.asked[0]?.request.signal?.aborted).toBe(true)
    expect(bench.kinds()).toEqual(['accepted 1', 'accepted 3'])
    bench.asked[1]?.answer(reviewed)
    await vi.waitFor(() => expect(bench.kinds()).toContain('token-reviewed 3'))
    vi.advanceTimersByTime(50)
  })

  test('all end without an answer when the session ends', () => {
    const bench = new Bench({ reviewsInFlightMax: 1 })
    bench.inFlight.take(review(1))
    bench.inFlight.take(review(2))
    bench.inFlight.abortAll()
    expect(bench.asked.map(({ request }) => request.signal?.aborted)).toEqual([true])
    expect(bench.kinds()).toEqual(['accepted 1'])
    expect(bench.inFlight.size).toBe(0)
  })

  test('with an id that is in use leave the first alone', () => {
    const bench = new Bench()
    bench.inFlight.take(review(1))
    bench.inFlight.take(review(1))
    expect(bench.asked).toHaveLength(1)
    bench.inFlight.abortAll()
  })

  test.each<[string, ReviewResult, string]>([
    ['a 403', { kind: 'failed', failure: 'reviewer-forbidden', detail: 'no' }, 'reviewer-forbidden'],
    ['a refused certificate', { kind: 'failed', failure: 'tls-failed', detail: 'no' }, 'tls-failed'],
    ['no time left', { kind: 'failed', failure: 'deadline-exceeded', detail: 'no' }, 'deadline'],
    [
      'a verdict beyond the limits',
      {
        kind: 'reviewed',
        verdict: { authenticated: true, username: 'u'.repeat(5000), uid: '', groups: [], audiences: [] },
      },
      'malformed-answer',
    ],
  ])('that come to %s are answered with the failure', async (_, result, code) => {
    const bench = new Bench()
    bench.inFlight.take(review(1))
    bench.asked[0]?.answer(result)
    await vi.waitFor(() => expect(bench.failures()).toEqual([`1 ${code}`]))
    vi.advanceTimersByTime(50)
  })

  test("pass on the API server's wish to be left alone for a while", async () => {
    const bench = new Bench()
    bench.inFlight.take(review(1))
    bench.asked[0]?.answer({
      kind: 'failed',
      failure: 'api-server-overloaded',
      detail: '',
      retryAfterSeconds: 4,
    })
    await vi.waitFor(() =>
      expect(bench.sent[1]).toMatchObject({ code: 'api-server-overloaded', retryAfterMs: 4000 }),
    )
    vi.advanceTimersByTime(50)
  })

  test('that throw are an internal failure, without the text of the error', async () => {
    const bench = new Bench()
    bench.inFlight.take(review(1))
    bench.asked[0]?.fail(new TypeError('token-1 is secret'))
    await vi.waitFor(() => expect(bench.failures()).toEqual(['1 internal']))
    expect(JSON.stringify(bench.sent)).not.toContain('secret')
    vi.advanceTimersByTime(50)
  })
})
