import { hash } from 'node:crypto'
import {
  clampText,
  FrameTooLargeError,
  gatewayLimits,
  protocolLimits,
  type FailureCode,
  type Frame,
  type ReviewTokenFrame,
} from '@postern/protocol'
import type { ReviewFailure, ReviewResult, ReviewToken } from '../token-review/review-token.ts'

export interface InFlightOptions {
  reviewToken: ReviewToken
  send: (frame: Frame) => void
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  reviewsInFlightMax?: number
  reviewsQueuedMax?: number
}

interface Review {
  frame: ReviewTokenFrame
  deadlineAt: number
  /** Absent while it waits for a place. */
  running: AbortController | undefined
}

/** How late a deadline may be noticed, in milliseconds: one timer for all reviews, and none while there are none. */
const sweepIntervalMs = 25

const failureCodes: Record<ReviewFailure, FailureCode> = {
  'api-server-unreachable': 'api-server-unreachable',
  'api-server-timeout': 'api-server-timeout',
  'api-server-overloaded': 'api-server-overloaded',
  'api-server-error': 'api-server-error',
  'reviewer-unauthorized': 'reviewer-unauthorized',
  'reviewer-forbidden': 'reviewer-forbidden',
  'tls-failed': 'tls-failed',
  'malformed-answer': 'malformed-answer',
  'deadline-exceeded': 'deadline',
}

/**
 * The reviews of one session: 128 run, 256 wait, more are refused at once.
 *
 * 1. A review is in `#reviews` from its frame until its one answer, or until it is cancelled; what has left the map
 *    answers nothing.
 * 2. `#queue` holds those of them that do not run, oldest first.
 */
export class InFlight {
  readonly #options: InFlightOptions
  readonly #runningMax: number
  readonly #queuedMax: number
  readonly #reviews = new Map<number, Review>()
  readonly #queue = new Set<Review>()
  #sweep: NodeJS.Timeout | undefined

  constructor(options: InFlightOptions) {
    this.#options = options
    this.#runningMax = options.reviewsInFlightMax ?? gatewayLimits.reviewsInFlightMax
    this.#queuedMax = options.reviewsQueuedMax ?? gatewayLimits.reviewsQueuedMax
  }

  /** Running and waiting reviews. */
  get size(): number {
    return this.#reviews.size
  }

  take(frame: ReviewTokenFrame): void {
    const { requestId } = frame
    // An id that is in use would leave two reviews with one answer; the first keeps it.
    if (this.#reviews.has(requestId)) return
    const running = this.#reviews.size - this.#queue.size
    if (running >= this.#runningMax && this.#queue.size >= this.#queuedMax) {
      this.#fail(requestId, 'overloaded', 'the gateway has as many reviews as it takes')
      return
    }
    const review: Review = {
      frame,
      deadlineAt: this.#options.elapsed() + frame.deadlineMs,
      running: undefined,
    }
    this.#reviews.set(requestId, review)
    // Stopped by the first sweep that finds nothing, so that one review after another does not make a timer each.
    this.#sweep ??= setInterval(() => {
      this.#dropExpired()
    }, sweepIntervalMs)
    if (running < this.#runningMax) this.#start(review)
    else this.#queue.add(review)
  }

  cancel(requestId: number): void {
    const review = this.#reviews.get(requestId)
    if (review !== undefined) this.#forget(review)
  }

  /** Ends every review without an answer. */
  abortAll(): void {
    // The queue first, so that no place that becomes free is taken by what is to end as well.
    this.#queue.clear()
    const reviews = [...this.#reviews.values()]
    this.#reviews.clear()
    this.#stopSweepWhenIdle()
    for (const review of reviews) review.running?.abort()
  }

  #start(review: Review): void {
    const { frame } = review
    const controller = new AbortController()
    review.running = controller
    this.#options.send({ kind: 'accepted', requestId: frame.requestId })
    const deadlineMs = review.deadlineAt - this.#options.elapsed()
    const { token, audiences } = frame
    this.#options.reviewToken({ token, audiences, deadlineMs, signal: controller.signal }).then(
      (result) => this.#answer(review, result),
      (error: unknown) => {
        // Its text may hold what was sent, so only its class is told.
        const detail = `the review failed (${error instanceof Error ? error.name : typeof error})`
        if (this.#settle(review)) this.#fail(frame.requestId, 'internal', detail)
      },
    )
  }

  #answer(review: Review, result: ReviewResult): void {
    if (!this.#settle(review)) return
    const { requestId } = review.frame
    if (result.kind === 'failed') {
      const { failure, detail, retryAfterSeconds } = result
      this.#fail(requestId, failureCodes[failure], detail, (retryAfterSeconds ?? 0) * 1000)
      return
    }
    try {
      this.#options.send(verdictFrame(review.frame, result))
    } catch (error) {
      if (!(error instanceof FrameTooLargeError)) throw error
      this.#fail(requestId, 'malformed-answer', `the verdict does not fit a frame: ${error.message}`)
    }
  }

  #fail(requestId: number, code: FailureCode, detail: string, retryAfterMs = 0): void {
    const clamped = clampText(detail, protocolLimits.detailBytesMax)
    this.#options.send({ kind: 'failure', requestId, code, retryAfterMs, detail: clamped })
  }

  /** False when the review is no longer wanted: it was cancelled, or answered by its deadline. */
  #settle(review: Review): boolean {
    const { requestId } = review.frame
    if (this.#reviews.get(requestId) !== review) return false
    this.#reviews.delete(requestId)
    this.#queue.delete(review)
    this.#startNext()
    return true
  }

  #forget(review: Review): void {
    if (this.#settle(review)) review.running?.abort()
  }

  #startNext(): void {
    while (this.#queue.size > 0 && this.#reviews.size - this.#queue.size < this.#runningMax) {
      const [next] = this.#queue
      if (next === undefined) break
      this.#queue.delete(next)
      if (next.deadlineAt > this.#options.elapsed()) this.#start(next)
      else this.#expire(next)
    }
  }

  #dropExpired(): void {
    const now = this.#options.elapsed()
    for (const review of this.#reviews.values()) {
      if (review.deadlineAt <= now) this.#expire(review)
    }
    this.#stopSweepWhenIdle()
  }

  #expire(review: Review): void {
    const wasRunning = review.running !== undefined
    this.#reviews.delete(review.frame.requestId)
    this.#queue.delete(review)
    review.running?.abort()
    const where = wasRunning ? 'while the API server was asked' : 'in the queue of the gateway'
    this.#fail(review.frame.requestId, 'deadline', `the deadline passed ${where}`)
    if (wasRunning) this.#startNext()
  }

  #stopSweepWhenIdle(): void {
    if (this.#reviews.size > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }
}

function verdictFrame(
  frame: ReviewTokenFrame,
  { verdict }: Extract<ReviewResult, { kind: 'reviewed' }>,
): Frame {
  const of = {
    kind: 'token-reviewed',
    requestId: frame.requestId,
    nonce: frame.nonce,
    // By way of a string, which takes half the time of asking for a Buffer.
    tokenSha256: Buffer.from(hash('sha256', frame.token, 'binary'), 'latin1'),
  } as const
  if (verdict.authenticated) return { ...of, ...verdict, error: '' }
  const error = clampText(verdict.error, protocolLimits.errorBytesMax)
  return { ...of, authenticated: false, username: '', uid: '', groups: [], audiences: [], error }
}
