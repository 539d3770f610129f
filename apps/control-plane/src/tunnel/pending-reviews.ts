import {
  FrameTooLargeError,
  type CancelFrame,
  type FailureFrame,
  type PeerLimits,
  type ReviewTokenFrame,
  type TokenReviewedFrame,
} from '@postern/protocol'
import type { TokenVerdict } from '@postern/token-review'
import type { AttemptOutcome, AttemptSignal, ReviewAttempt } from '../gateways/review-attempt.ts'
import { isHash } from '../gateways/token-hash.ts'
import type { NonceSource } from './nonce-source.ts'
import type { Expiring, ReviewDeadlines } from './review-deadlines.ts'
import type { DiscardReason } from './tunnel-observer.ts'

export interface PendingReviewsOptions {
  /** @throws FrameTooLargeError */
  send: (frame: ReviewTokenFrame | CancelFrame) => void
  nonces: NonceSource
  deadlines: ReviewDeadlines
  /** What the gateway says that it takes. */
  limits: Pick<PeerLimits, 'reviewsInFlightMax' | 'reviewsQueuedMax'>
  discarded: (reason: DiscardReason) => void
  /** Called when the last that waited has settled. */
  idle: () => void
}

type AskedReview = Pick<
  PendingReview,
  'requestId' | 'nonce' | 'tokenHash' | 'sentAt' | 'deadlineAt' | 'signal' | 'onAccepted'
>

/** However much a gateway says that it takes. */
const sizeMax = 4096

class PendingReview {
  readonly requestId: number
  readonly nonce: Buffer
  readonly tokenHash: string
  readonly sentAt: number
  readonly deadlineAt: number
  readonly signal: AttemptSignal | undefined
  readonly onAccepted: (() => void) | undefined
  readonly owner: PendingReviews
  readonly resolve: (outcome: AttemptOutcome) => void
  accepted = false

  constructor(review: AskedReview, owner: PendingReviews, resolve: (outcome: AttemptOutcome) => void) {
    this.requestId = review.requestId
    this.nonce = review.nonce
    this.tokenHash = review.tokenHash
    this.sentAt = review.sentAt
    this.deadlineAt = review.deadlineAt
    this.signal = review.signal
    this.onAccepted = review.onAccepted
    this.owner = owner
    this.resolve = resolve
    review.signal?.addEventListener('abort', this)
  }

  handleEvent(): void {
    this.owner.abandon(this.requestId, { kind: 'cancelled' })
  }
}

/**
 * The reviews that wait for their answer on one tunnel. Each settles exactly once: by its answer, its deadline, its
 * caller, or the end of the tunnel. An answer counts only with the request's nonce and the hash of its token.
 */
export class PendingReviews implements Expiring {
  readonly #options: PendingReviewsOptions
  readonly #sizeMax: number
  readonly #byId = new Map<number, PendingReview>()
  #lastRequestId = 0

  constructor(options: PendingReviewsOptions) {
    this.#options = options
    const { reviewsInFlightMax, reviewsQueuedMax } = options.limits
    this.#sizeMax = Math.min(reviewsInFlightMax + reviewsQueuedMax, sizeMax)
  }

  get size(): number {
    return this.#byId.size
  }

  /** When the review was sent that waits longest, accepted or not; undefined while none waits. */
  get oldestSentAt(): number | undefined {
    // A Map keeps the order of insertion, and reviews are inserted as they are sent.
    for (const { sentAt } of this.#byId.values()) return sentAt
    return undefined
  }

  /** Sends a review, and waits for what comes of it. */
  ask(review: ReviewAttempt, now: number): AttemptOutcome | Promise<AttemptOutcome> {
    if (this.#byId.size >= this.#sizeMax) return { kind: 'full' }
    const requestId = this.#nextRequestId()
    const nonce = this.#options.nonces.next()
    const { token, tokenHash, audiences, budgetMs, attempt, signal, onAccepted } = review
    const deadlineMs = Math.max(0, Math.floor(budgetMs))
    try {
      this.#options.send({ kind: 'review-token', requestId, nonce, token, audiences, deadlineMs, attempt })
    } catch (error) {
      if (error instanceof FrameTooLargeError) return { kind: 'unsendable', detail: error.message }
      throw error
    }
    this.#options.deadlines.watch(this)
    const asked = {
      requestId,
      nonce,
      tokenHash,
      sentAt: now,
      deadlineAt: now + deadlineMs,
      signal,
      onAccepted,
    }
    return new Promise((resolve) => {
      this.#byId.set(requestId, new PendingReview(asked, this, resolve))
    })
  }

  onAccepted(requestId: number): void {
    const pending = this.#byId.get(requestId)
    if (pending === undefined || pending.accepted) return
    pending.accepted = true
    pending.onAccepted?.()
  }

  onVerdict(frame: TokenReviewedFrame): void {
    const pending = this.#byId.get(frame.requestId)
    if (pending === undefined) {
      this.#options.discarded('nobody-waits')
      return
    }
    const isNonce = pending.nonce.equals(frame.nonce)
    if (!isNonce || !isHash(frame.tokenSha256, pending.tokenHash)) {
      this.#options.discarded(isNonce ? 'wrong-token' : 'wrong-nonce')
      this.#settle(pending, { kind: 'mismatched' })
      return
    }
    const { username, uid, groups, audiences } = frame
    const verdict: TokenVerdict = frame.authenticated
      ? { authenticated: true, username, uid, groups, audiences }
      : { authenticated: false, error: frame.error }
    this.#settle(pending, { kind: 'reviewed', verdict })
  }

  onFailure({ requestId, code, detail, retryAfterMs }: FailureFrame): void {
    const pending = this.#byId.get(requestId)
    if (pending === undefined) this.#options.discarded('nobody-waits')
    else this.#settle(pending, { kind: 'failed', code, detail, retryAfterMs })
  }

  /** Gives a review up and tells the gateway. */
  abandon(requestId: number, outcome: AttemptOutcome): void {
    const pending = this.#byId.get(requestId)
    if (pending === undefined) return
    this.#settle(pending, outcome)
    this.#options.send({ kind: 'cancel', requestId })
  }

  /** Settles all that wait, because the tunnel has ended. */
  loseAll(detail: string): void {
    this.#options.deadlines.forget(this)
    for (const pending of this.#byId.values()) this.#settle(pending, { kind: 'tunnel-lost', detail })
  }

  dropExpired(now: number): void {
    for (const { deadlineAt, requestId, accepted } of this.#byId.values()) {
      if (deadlineAt <= now) this.abandon(requestId, { kind: 'timed-out', accepted })
    }
  }

  #settle(pending: PendingReview, outcome: AttemptOutcome): void {
    this.#byId.delete(pending.requestId)
    pending.signal?.removeEventListener('abort', pending)
    pending.resolve(outcome)
    if (this.#byId.size === 0) this.#options.idle()
  }

  #nextRequestId(): number {
    this.#lastRequestId = this.#lastRequestId >= 0xffff_ffff ? 1 : this.#lastRequestId + 1
    return this.#lastRequestId
  }
}
