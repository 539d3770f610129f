import type { FailureFrame, TokenReviewedFrame } from '@postern/protocol'
import type { TokenVerdict } from '@postern/token-review'
import type { AttemptOutcome, AttemptSignal } from '../gateways/review-attempt.ts'
import { isHash } from '../gateways/token-hash.ts'
import type { DiscardReason } from './tunnel-observer.ts'

export interface PendingReviewsOptions {
  elapsed: () => number
  /** Tells the gateway that an answer is not wanted any more. */
  cancel: (requestId: number) => void
  discarded: (reason: DiscardReason) => void
}

/** How late a deadline may be noticed, in milliseconds: one timer for all reviews, and none while there are none. */
const sweepIntervalMs = 25

class PendingReview {
  readonly requestId: number
  readonly nonce: Buffer
  readonly tokenHash: string
  readonly deadlineAt: number
  readonly signal: AttemptSignal | undefined
  readonly onAccepted: (() => void) | undefined
  readonly owner: PendingReviews
  readonly resolve: (outcome: AttemptOutcome) => void
  accepted = false

  constructor(
    review: Pick<PendingReview, 'requestId' | 'nonce' | 'tokenHash' | 'deadlineAt' | 'signal' | 'onAccepted'>,
    owner: PendingReviews,
    resolve: (outcome: AttemptOutcome) => void,
  ) {
    this.requestId = review.requestId
    this.nonce = review.nonce
    this.tokenHash = review.tokenHash
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
export class PendingReviews {
  readonly #options: PendingReviewsOptions
  readonly #byId = new Map<number, PendingReview>()
  #sweep: NodeJS.Timeout | undefined

  constructor(options: PendingReviewsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#byId.size
  }

  /** Makes room for a review that is about to be sent. */
  add(
    review: Pick<PendingReview, 'requestId' | 'nonce' | 'tokenHash' | 'deadlineAt' | 'signal' | 'onAccepted'>,
  ): Promise<AttemptOutcome> {
    // Stopped by the first sweep that finds nothing, so that one review after another does not make a timer each.
    this.#sweep ??= setInterval(() => {
      this.#dropExpired()
    }, sweepIntervalMs)
    return new Promise((resolve) => {
      this.#byId.set(review.requestId, new PendingReview(review, this, resolve))
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
    this.#options.cancel(requestId)
  }

  /** Settles all that wait, because the tunnel has ended. */
  loseAll(detail: string): void {
    clearInterval(this.#sweep)
    this.#sweep = undefined
    for (const pending of this.#byId.values()) this.#settle(pending, { kind: 'tunnel-lost', detail })
  }

  #settle(pending: PendingReview, outcome: AttemptOutcome): void {
    this.#byId.delete(pending.requestId)
    pending.signal?.removeEventListener('abort', pending)
    pending.resolve(outcome)
  }

  #dropExpired(): void {
    if (this.#byId.size === 0) {
      clearInterval(this.#sweep)
      this.#sweep = undefined
      return
    }
    const now = this.#options.elapsed()
    for (const { deadlineAt, requestId, accepted } of this.#byId.values()) {
      if (deadlineAt <= now) this.abandon(requestId, { kind: 'timed-out', accepted })
    }
  }
}
