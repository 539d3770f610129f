import { createHash } from 'node:crypto'
import { encodeFrame, type Frame, type ReviewTokenFrame } from '@postern/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ReviewResult, ReviewTokenRequest } from '../token-review/review-token.ts'
import { InFlight, type SessionReviews } from './in-flight.ts'

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
  readonly session: SessionReviews
  shared = 0
  overloads = 0

  constructor(limits: { reviewsInFlightMax?: number; reviewsQueuedMax?: number } = {}) {
    this.inFlight = new InFlight({
      reviewToken: (request) =>
        new Promise((resolve, reject) => {
          this.asked.push({ request, answer: resolve, fail: reject })
        }),
      elapsed: () => performance.now(),
      onShared: () => (this.shared += 1),
      onOverload: () => (this.overloads += 1),
      ...limits,
    })
    this.session = this.openSession(this.sent)
  }

  openSession(sent: Frame[]): SessionReviews {
    return this.inFlight.openSession((frame) => {
      // Encoded as well, because a frame that is too large must be noticed here.
      encodeFrame(frame)
      sent.push(frame)
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
    bench.session.take(review(7))
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
    for (const id of [1, 2, 3, 4]) bench.session.take(review(id))
    expect(bench.kinds()).toEqual(['accepted 1', 'accepted 2', 'failure 4'])
    expect(bench.failures()).toEqual(['4 overloaded'])
    expect(bench.inFlight.size).toBe(3)
    expect(bench.overloads).toBe(1)
    bench.asked[0]?.answer(reviewed)
    await vi.waitFor(() => expect(bench.kinds()).toContain('accepted 3'))
    bench.session.abortAll()
  })

  test('whose deadline passed in the queue are dropped without asking the API server', () => {
    const bench = new Bench({ reviewsInFlightMax: 1, reviewsQueuedMax: 2 })
    bench.session.take(review(1))
    bench.session.take(review(2, 100))
    vi.advanceTimersByTime(150)
    expect(bench.failures()).toEqual(['2 deadline'])
    expect(bench.asked).toHaveLength(1)
    bench.session.abortAll()
  })

  test('that run past their deadline are aborted and answered, once', async () => {
    const bench = new Bench({ reviewsInFlightMax: 1 })
    bench.session.take(review(1, 100))
    bench.session.take(review(2, 10_000))
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
    bench.session.take(review(1))
    bench.session.take(review(2))
    bench.session.take(review(3))
    bench.session.cancel(2)
    bench.session.cancel(1)
    bench.session.cancel(99)
    expect(bench.asked[0]?.request.signal?.aborted).toBe(true)
    expect(bench.kinds()).toEqual(['accepted 1', 'accepted 3'])
    bench.asked[1]?.answer(reviewed)
    await vi.waitFor(() => expect(bench.kinds()).toContain('token-reviewed 3'))
    vi.advanceTimersByTime(50)
  })

  test('all end without an answer when the session ends', () => {
    const bench = new Bench({ reviewsInFlightMax: 1 })
    bench.session.take(review(1))
    bench.session.take(review(2))
    bench.session.abortAll()
    expect(bench.asked.map(({ request }) => request.signal?.aborted)).toEqual([true])
    expect(bench.kinds()).toEqual(['accepted 1'])
    expect(bench.inFlight.size).toBe(0)
  })

  test('with an id that is in use leave the first alone', () => {
    const bench = new Bench()
    bench.session.take(review(1))
    bench.session.take(review(1))
    expect(bench.asked).toHaveLength(1)
    bench.session.abortAll()
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
    bench.session.take(review(1))
    bench.asked[0]?.answer(result)
    await vi.waitFor(() => expect(bench.failures()).toEqual([`1 ${code}`]))
    vi.advanceTimersByTime(50)
  })

  test("pass on the API server's wish to be left alone for a while", async () => {
    const bench = new Bench()
    bench.session.take(review(1))
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
    bench.session.take(review(1))
    bench.asked[0]?.fail(new TypeError('token-1 is secret'))
    await vi.waitFor(() => expect(bench.failures()).toEqual(['1 internal']))
    expect(JSON.stringify(bench.sent)).not.toContain('secret')
    vi.advanceTimersByTime(50)
  })
})

/** The same question, whoever asks. */
function sameReview(requestId: number, deadlineMs = 10_000): ReviewTokenFrame {
  return { ...review(requestId, deadlineMs), token: 'token-of-all' }
}

describe('identical reviews at the same time', () => {
  test('are one call, and each asker has its own answer', async () => {
    const bench = new Bench()
    const sentToOther: Frame[] = []
    const other = bench.openSession(sentToOther)
    bench.session.take(sameReview(1))
    bench.session.take(sameReview(2))
    other.take(sameReview(1))
    expect(bench.asked).toHaveLength(1)
    expect(bench.shared).toBe(2)
    expect(bench.kinds()).toEqual(['accepted 1', 'accepted 2'])
    expect(sentToOther).toEqual([{ kind: 'accepted', requestId: 1 }])
    bench.asked[0]?.answer(reviewed)
    await vi.waitFor(() => expect(bench.sent).toHaveLength(4))
    for (const frame of [...bench.sent.slice(2), ...sentToOther.slice(1)]) {
      expect(frame).toMatchObject({
        kind: 'token-reviewed',
        nonce: new Uint8Array(16).fill('requestId' in frame ? frame.requestId : 0),
        tokenSha256: createHash('sha256').update('token-of-all').digest(),
        username: 'u',
      })
    }
    expect(sentToOther).toHaveLength(2)
    vi.advanceTimersByTime(50)
  })

  test('are one call in the queue too, and all are accepted when it begins', async () => {
    const bench = new Bench({ reviewsInFlightMax: 1, reviewsQueuedMax: 4 })
    for (const frame of [review(1), sameReview(2), sameReview(3)]) bench.session.take(frame)
    bench.asked[0]?.answer(reviewed)
    await vi.waitFor(() =>
      expect(bench.kinds()).toEqual(['accepted 1', 'token-reviewed 1', 'accepted 2', 'accepted 3']),
    )
    expect(bench.asked).toHaveLength(2)
    bench.session.abortAll()
  })

  test.each<[string, Partial<ReviewTokenFrame>]>([
    ['another token', { token: 'token-of-all,1:a' }],
    ['other audiences', { audiences: ['b'] }],
    ['no audience', { audiences: [] }],
    ['audiences that look the same when joined', { audiences: ['a', ''] }],
  ])('are not those with %s', (_, difference) => {
    const bench = new Bench()
    bench.session.take(sameReview(1))
    bench.session.take({ ...sameReview(2), ...difference })
    expect(bench.asked).toHaveLength(2)
    bench.session.abortAll()
  })

  test('outlive the one who asked first, and end with the last', async () => {
    const bench = new Bench()
    for (const id of [1, 2, 3]) bench.session.take(sameReview(id))
    bench.session.cancel(1)
    bench.session.cancel(3)
    expect(bench.asked[0]?.request.signal?.aborted).toBe(false)
    bench.asked[0]?.answer(reviewed)
    await vi.waitFor(() => expect(bench.kinds()).toContain('token-reviewed 2'))
    expect(bench.kinds()).not.toContain('token-reviewed 1')
    for (const id of [4, 5]) bench.session.take(sameReview(id))
    for (const id of [4, 5]) bench.session.cancel(id)
    expect(bench.asked[1]?.request.signal?.aborted).toBe(true)
    expect(bench.inFlight.size).toBe(0)
    vi.advanceTimersByTime(50)
  })

  test('wait as long as the most patient asker', () => {
    const bench = new Bench()
    bench.session.take(sameReview(1, 100))
    vi.advanceTimersByTime(50)
    bench.session.take(sameReview(2, 400))
    const remainingMs = bench.asked[0]?.request.remainingMs
    expect(remainingMs?.()).toBe(400)
    vi.advanceTimersByTime(100)
    expect(bench.failures()).toEqual(['1 deadline'])
    expect(bench.asked[0]?.request.signal?.aborted).toBe(false)
    vi.advanceTimersByTime(350)
    expect(bench.failures()).toEqual(['1 deadline', '2 deadline'])
    expect(bench.asked[0]?.request.signal?.aborted).toBe(true)
  })

  test('are asked anew when the call that runs seems to hang', () => {
    const bench = new Bench()
    bench.session.take(sameReview(1))
    vi.advanceTimersByTime(1_000)
    bench.session.take(sameReview(2))
    bench.session.take(sameReview(3))
    expect(bench.asked).toHaveLength(2)
    bench.session.abortAll()
  })

  test('are asked anew once there is an answer: nothing is kept', async () => {
    const bench = new Bench()
    const denied: ReviewResult = { kind: 'reviewed', verdict: { authenticated: false, error: '' } }
    bench.session.take(sameReview(1))
    bench.asked[0]?.answer(denied)
    await vi.waitFor(() => expect(bench.kinds()).toContain('token-reviewed 1'))
    bench.session.take(sameReview(2))
    expect(bench.asked).toHaveLength(2)
    bench.session.abortAll()
  })
})

describe('several sessions of a process', () => {
  test('share its places', async () => {
    const bench = new Bench({ reviewsInFlightMax: 2, reviewsQueuedMax: 1 })
    const sent: Frame[] = []
    const other = bench.openSession(sent)
    bench.session.take(review(1))
    other.take(review(2))
    bench.session.take(review(3))
    other.take(review(4))
    expect(sent).toMatchObject([{ kind: 'accepted' }, { kind: 'failure', requestId: 4, code: 'overloaded' }])
    expect([bench.inFlight.size, bench.session.size, other.size]).toEqual([3, 2, 1])
    bench.session.abortAll()
    other.abortAll()
  })

  test('end without touching the reviews of another, whose ids may be the same', async () => {
    const bench = new Bench({ reviewsInFlightMax: 2 })
    const sent: Frame[] = []
    const other = bench.openSession(sent)
    for (const frame of [review(1), sameReview(2), review(3)]) bench.session.take(frame)
    for (const frame of [sameReview(2), review(4)]) other.take(frame)
    bench.session.abortAll()
    expect(bench.asked.map(({ request }) => request.signal?.aborted)).toEqual([true, false, false])
    expect([bench.session.size, other.size]).toEqual([0, 2])
    for (const { answer } of bench.asked) answer(reviewed)
    await vi.waitFor(() =>
      expect(sent.map(({ kind }) => kind)).toEqual([
        'accepted',
        'accepted',
        'token-reviewed',
        'token-reviewed',
      ]),
    )
    expect(bench.kinds()).toEqual(['accepted 1', 'accepted 2'])
    vi.advanceTimersByTime(50)
  })

  test('are idle once their own reviews have ended', async () => {
    const bench = new Bench()
    const other = bench.openSession([])
    let idle = 0
    await bench.session.idle()
    for (const id of [1, 2]) bench.session.take(review(id))
    other.take(review(3))
    const wait = bench.session.idle().then(() => (idle += 1))
    bench.session.cancel(1)
    await Promise.resolve()
    expect(idle).toBe(0)
    bench.asked[1]?.answer(reviewed)
    await wait
    expect([idle, other.size]).toEqual([1, 1])
    other.abortAll()
  })
})
