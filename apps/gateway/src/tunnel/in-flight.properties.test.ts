import fc from 'fast-check'
import type { FailureFrame, Frame, TokenReviewedFrame } from '@postern/protocol'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ReviewResult, ReviewTokenRequest } from '../token-review/review-token.ts'
import { InFlight, type SessionReviews } from './in-flight.ts'

const limits = { reviewsInFlightMax: 3, reviewsQueuedMax: 4 }
const tokens = ['one', 'two', 'three', 'four', 'five', 'six'] as const
const audiences = [[], ['a'], ['a', 'b']] as const
const sessionsMax = 3

type Step =
  | { kind: 'take'; session: number; token: number; audiences: number; deadlineMs: number }
  | { kind: 'cancel'; session: number; requestId: number }
  | { kind: 'end'; session: number }
  | { kind: 'answer'; call: number; how: 'vouched' | 'denied' | 'failed' | 'bug' }
  | { kind: 'wait'; ms: number }

const session = fc.nat(sessionsMax - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      session,
      token: fc.nat(tokens.length - 1),
      audiences: fc.nat(audiences.length - 1),
      deadlineMs: fc.constantFrom(1, 60, 300, 5_000, 60_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('cancel' as const), session, requestId: fc.nat(20) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), session }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      call: fc.nat(10),
      how: fc.constantFrom('vouched' as const, 'denied' as const, 'failed' as const, 'bug' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 30, 400) }),
  },
)

interface Question {
  token: string
  audiences: readonly string[]
  requestId: number
  nonce: Uint8Array
  /** Milliseconds after which nobody waits. */
  dueAt: number
  left: boolean
}

/** A process under test, and what may be said of it at each moment. */
class World {
  readonly calls: {
    request: ReviewTokenRequest
    answer: (result: ReviewResult) => void
    fail: (error: Error) => void
    ended: boolean
  }[] = []
  readonly inFlight: InFlight
  readonly sessions: SessionReviews[]
  readonly questions: Question[][] = []
  readonly sent: Frame[][] = []

  constructor() {
    this.inFlight = new InFlight({
      ...limits,
      elapsed: () => performance.now(),
      reviewToken: (request) =>
        new Promise((resolve, reject) => {
          this.calls.push({ request, answer: resolve, fail: reject, ended: false })
        }),
    })
    this.sessions = Array.from({ length: sessionsMax }, () => {
      const sent: Frame[] = []
      this.sent.push(sent)
      this.questions.push([])
      return this.inFlight.openSession((frame) => void sent.push(frame))
    })
  }

  async do(next: Step): Promise<void> {
    switch (next.kind) {
      case 'take':
        this.#take(next)
        break
      case 'cancel': {
        this.sessions[next.session]?.cancel(next.requestId)
        const question = this.questions[next.session]?.[next.requestId]
        if (question !== undefined) question.left = true
        break
      }
      case 'end':
        this.sessions[next.session]?.abortAll()
        for (const question of this.questions[next.session] ?? []) question.left = true
        break
      case 'answer':
        await this.answer(next.call, next.how)
        break
      case 'wait':
        vi.advanceTimersByTime(next.ms)
        break
    }
  }

  #take({ session, token, audiences: chosen, deadlineMs }: Extract<Step, { kind: 'take' }>): void {
    const questions = this.questions[session]
    if (questions === undefined) return
    const requestId = questions.length
    const question: Question = {
      token: tokens[token] ?? '',
      audiences: audiences[chosen] ?? [],
      requestId,
      nonce: Uint8Array.of(session, requestId),
      dueAt: performance.now() + Math.min(deadlineMs, 10_000),
      left: false,
    }
    questions.push(question)
    this.sessions[session]?.take({ kind: 'review-token', ...question, deadlineMs, attempt: 1 })
  }

  /** What a call answers names its question, so that an answer that went astray shows. */
  async answer(index: number, how: Extract<Step, { kind: 'answer' }>['how']): Promise<void> {
    const running = this.running()
    const call = running[index % Math.max(1, running.length)]
    if (call === undefined) return
    call.ended = true
    const { token, audiences: asked } = call.request
    const user = { username: token, uid: '', groups: [] }
    if (how === 'vouched') {
      call.answer({ kind: 'reviewed', verdict: { authenticated: true, ...user, audiences: asked } })
    } else if (how === 'denied') {
      call.answer({ kind: 'reviewed', verdict: { authenticated: false, error: token } })
    } else if (how === 'failed') {
      call.answer({ kind: 'failed', failure: 'api-server-error', detail: token })
    } else {
      call.fail(new RangeError('a bug'))
    }
    await new Promise((resolve) => setImmediate(resolve))
  }

  running(): World['calls'] {
    return this.calls.filter(({ request, ended }) => !ended && request.signal?.aborted !== true)
  }

  /** What must not be: empty at every moment. */
  violations(): string[] {
    const sizes = this.sessions.reduce((sum, { size }) => sum + size, 0)
    const running = this.running().length
    return [
      ...(running > limits.reviewsInFlightMax ? [`${running} calls run`] : []),
      ...(this.inFlight.size === sizes ? [] : [`${this.inFlight.size} reviews of ${sizes}`]),
      ...(sizes > limits.reviewsInFlightMax + limits.reviewsQueuedMax ? [`${sizes} reviews`] : []),
      ...this.sent.flatMap((sent, index) => this.#violationsOf(sent, this.questions[index] ?? [])),
    ]
  }

  #violationsOf(sent: readonly Frame[], questions: readonly Question[]): string[] {
    const found: string[] = []
    const accepted = new Set(sent.map((frame) => frame.kind === 'accepted' && frame.requestId))
    const isFull = this.running().length === limits.reviewsInFlightMax
    const answered = new Set<number>()
    for (const frame of sent) {
      if (frame.kind !== 'token-reviewed' && frame.kind !== 'failure') continue
      const { requestId } = frame
      const question = questions[requestId]
      if (answered.has(requestId)) found.push(`${requestId} is answered twice`)
      if (question === undefined || !isOwnAnswer(frame, question)) {
        found.push(`${requestId} has another's answer`)
      }
      answered.add(requestId)
    }
    for (const { requestId, dueAt, left } of questions) {
      // One that left may have been answered just before.
      if (left || answered.has(requestId)) continue
      if (!isFull && !accepted.has(requestId)) found.push(`${requestId} waits though there is a place`)
      // As late as the sweep and its grace for a call that runs.
      if (performance.now() >= dueAt + 60) found.push(`${requestId} is overdue`)
    }
    return found
  }
}

function isOwnAnswer(frame: TokenReviewedFrame | FailureFrame, question: Question): boolean {
  if (frame.kind === 'failure') return frame.code !== 'api-server-error' || frame.detail === question.token
  const isOfToken = (frame.authenticated ? frame.username : frame.error) === question.token
  const isOfAudiences = !frame.authenticated || frame.audiences.join() === question.audiences.join()
  return isOfToken && isOfAudiences && frame.nonce.join() === question.nonce.join()
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('whatever is asked, cancelled, answered and ended: one answer each, its own, and nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const world = new World()
      for (const next of steps) {
        await world.do(next)
        expect(world.violations()).toEqual([])
      }
      while (world.running().length > 0) await world.answer(0, 'vouched')
      vi.advanceTimersByTime(25)
      expect(world.violations()).toEqual([])
      expect(world.inFlight.size).toBe(0)
      expect(vi.getTimerCount()).toBe(0)
    }),
    { numRuns: 300 },
  )
})

test('an end of a session cancels no call that another still asks for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), session, async (steps, ending) => {
      const world = new World()
      for (const next of steps) await world.do(next)
      const others = world.sessions.filter((_, index) => index !== ending).map(({ size }) => size)
      world.sessions[ending]?.abortAll()
      expect(world.sessions.filter((_, index) => index !== ending).map(({ size }) => size)).toEqual(others)
      for (const open of world.sessions) open.abortAll()
      expect([world.running().length, vi.getTimerCount()]).toEqual([0, 0])
    }),
    { numRuns: 100 },
  )
})
