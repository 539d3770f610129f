import type {
  AbortListener,
  AttemptOutcome,
  AttemptSignal,
  ReviewTunnel,
} from '../../gateways/review-attempt.ts'
import { hashToken } from '../../gateways/token-hash.ts'
import { AcceptedMail } from './accepted-mail.ts'
import type { RemoteObserver } from './remote-observer.ts'
import {
  readReviewRequest,
  type RemoteReviewRequest,
  type ReviewMail,
  writeReviewAnswer,
} from './remote-review.ts'
import type { SenderClocks } from './sender-clocks.ts'
import { reviewTopicOf, type TunnelBus } from './tunnel-bus.ts'
import { isLook } from './watch-holder.ts'

export interface ServedReviewsOptions {
  bus: Pick<TunnelBus, 'serve' | 'publish'>
  clocks: Pick<SenderClocks, 'latenessMs'>
  observer: Pick<RemoteObserver, 'remoteReviewServed'>
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

type OwnTunnel = Pick<ReviewTunnel, 'tunnelId' | 'gatewayId' | 'organizationId' | 'isRoutable' | 'review'>

/** What another replica's caller does when it leaves. */
class Withdrawal implements AttemptSignal {
  aborted = false
  #listener: AbortListener | undefined

  addEventListener(_type: 'abort', listener: AbortListener): void {
    this.#listener = listener
  }

  removeEventListener(): void {
    this.#listener = undefined
  }

  withdraw(): void {
    if (this.aborted) return
    this.aborted = true
    this.#listener?.handleEvent()
  }
}

/**
 * Answers other replicas' reviews on tunnels of this one.
 *
 * 1. A review goes to the very tunnel that it was sent for, or nowhere: who asked chooses the next.
 * 2. What nobody waits for any more is not asked.
 */
export class ServedReviews {
  readonly #options: ServedReviewsOptions
  readonly #acceptedMail: AcceptedMail
  readonly #underWay = new Map<string, Withdrawal>()

  constructor(options: ServedReviewsOptions) {
    this.#options = options
    this.#acceptedMail = new AcceptedMail(options.bus)
  }

  /** @returns what ends it */
  serve(tunnel: OwnTunnel): () => void {
    return this.#options.bus.serve(reviewTopicOf(tunnel.tunnelId), (message) => this.#answer(tunnel, message))
  }

  /** The caller has left, or another tunnel was faster. */
  cancelled({ processId, ids }: Extract<ReviewMail, { kind: 'cancelled' }>): void {
    for (const id of ids) this.#underWay.get(keyOf({ processId, id }))?.withdraw()
  }

  close(): void {
    this.#acceptedMail.close()
  }

  async #answer(tunnel: OwnTunnel, message: Uint8Array): Promise<Uint8Array> {
    if (isLook(message)) return message
    const { elapsed, observer } = this.#options
    const startedAt = elapsed()
    const request = readReviewRequest(message)
    const outcome = request === undefined ? unreadable : await this.#review(tunnel, request)
    observer.remoteReviewServed(outcome.kind)
    return writeReviewAnswer({ id: request?.id ?? 0, outcome, tookMs: elapsed() - startedAt })
  }

  async #review(tunnel: OwnTunnel, request: RemoteReviewRequest): Promise<AttemptOutcome> {
    const { processId, id, token, audiences, attempt } = request
    const { gatewayId, organizationId } = tunnel
    // T48: whatever the other replica believes of it.
    const isIt = gatewayId === request.gatewayId && organizationId === request.organizationId
    if (!isIt || !tunnel.isRoutable) return { kind: 'no-route', detail: 'its holder takes no review for it' }
    const budgetMs = request.budgetMs - this.#options.clocks.latenessMs(processId, request.sentAtMs)
    if (budgetMs <= 0) return { kind: 'timed-out', accepted: false }
    const key = keyOf(request)
    const signal = new Withdrawal()
    this.#underWay.set(key, signal)
    try {
      return await tunnel.review({
        token,
        tokenHash: hashToken(token),
        audiences,
        budgetMs,
        attempt,
        signal,
        onAccepted: () => this.#acceptedMail.accepted(processId, id),
      })
    } finally {
      this.#underWay.delete(key)
      this.#acceptedMail.answered(processId, id)
    }
  }
}

const unreadable: AttemptOutcome = { kind: 'no-route', detail: 'its holder cannot read the request' }

function keyOf({ processId, id }: Pick<RemoteReviewRequest, 'processId' | 'id'>): string {
  return `${processId} ${id}`
}
