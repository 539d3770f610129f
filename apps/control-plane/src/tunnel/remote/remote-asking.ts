import type { AttemptOutcome, ReviewAttempt } from '../../gateways/review-attempt.ts'
import type { RemoteObserver } from './remote-observer.ts'
import {
  readReviewAnswer,
  type ReviewMail,
  writeReviewMail,
  writeReviewRequest,
  type RemoteReviewAnswer,
} from './remote-review.ts'
import type { RemoteTunnel } from './remote-tunnel.ts'
import { watchHolder } from './watch-holder.ts'
import { mailTopicOf, reviewTopicOf, type TunnelBus } from './tunnel-bus.ts'

export interface RemoteAskingOptions {
  bus: Pick<TunnelBus, 'request' | 'publish'>
  /** Of this process. */
  processId: string
  /** Its holder takes no review for it any more. */
  foundGone: (tunnel: RemoteTunnel) => void
  /** Nobody serves the tunnel: its holder may be gone. */
  foundNobody: (tunnel: RemoteTunnel) => void
  /** Its time was over without a sign of it. */
  foundSilent: (tunnel: RemoteTunnel) => void
  observer: Pick<RemoteObserver, 'remoteReviewEnded'>
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

interface Waiting {
  isAccepted: boolean
  onAccepted: (() => void) | undefined
}

/**
 * Asks tunnels of other replicas. The holder answers from its own session or says that it has none: it asks nobody else.
 * What was not taken by anybody is `no-route`, so that the review asks another in its place.
 */
export class RemoteAsking {
  readonly #options: RemoteAskingOptions
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  constructor(options: RemoteAskingOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#waiting.size
  }

  /** One attempt. Never rejects. */
  async ask(tunnel: RemoteTunnel, attempt: ReviewAttempt): Promise<AttemptOutcome> {
    const { elapsed, observer } = this.#options
    const startedAt = elapsed()
    this.#lastId += 1
    const id = this.#lastId
    const waiting = { isAccepted: false, onAccepted: attempt.onAccepted }
    this.#waiting.set(id, waiting)
    const { outcome, tookMs } = await this.#request(tunnel, attempt, id)
    this.#waiting.delete(id)
    const hopMs = tookMs === undefined ? undefined : Math.max(0, elapsed() - startedAt - tookMs)
    observer.remoteReviewEnded(outcome.kind, hopMs)
    return outcome
  }

  /** The gateways have these reviews. */
  accepted({ ids }: Extract<ReviewMail, { kind: 'accepted' }>): void {
    for (const id of ids) {
      const waiting = this.#waiting.get(id)
      if (waiting === undefined || waiting.isAccepted) continue
      waiting.isAccepted = true
      waiting.onAccepted?.()
    }
  }

  async #request(tunnel: RemoteTunnel, attempt: ReviewAttempt, id: number): Promise<Answered> {
    const { bus, processId, elapsed, foundNobody, foundSilent } = this.#options
    const { tunnelId, gatewayId, organizationId, holder } = tunnel
    const { token, audiences, budgetMs, signal } = attempt
    const fields = { processId, id, gatewayId, organizationId, token, audiences, budgetMs }
    const message = writeReviewRequest({ ...fields, attempt: attempt.attempt, sentAtMs: elapsed() })
    const { promise: lost, resolve } = Promise.withResolvers<{ kind: 'no-responders' }>()
    const watch = watchHolder(bus, tunnelId, () => resolve({ kind: 'no-responders' }))
    const answered = bus.request(reviewTopicOf(tunnelId), message, { timeoutMs: budgetMs, signal })
    const answer = await Promise.race([answered, lost])
    watch.stop()
    switch (answer.kind) {
      case 'answered':
        return this.#judge(tunnel, id, readReviewAnswer(answer.message))
      case 'no-responders':
        foundNobody(tunnel)
        return noRoute('nobody holds it any more')
      case 'disconnected':
        return noRoute('there is no way to the replica that holds it')
      case 'timed-out': {
        const accepted = this.#waiting.get(id)?.isAccepted === true
        if (!accepted && !watch.wasSeen()) foundSilent(tunnel)
        return { outcome: { kind: 'timed-out', accepted } }
      }
      case 'cancelled':
        bus.publish(
          mailTopicOf(holder.processId),
          writeReviewMail({ kind: 'cancelled', processId, ids: [id] }),
        )
        return { outcome: { kind: 'cancelled' } }
      default:
        return answer satisfies never
    }
  }

  #judge(tunnel: RemoteTunnel, id: number, answer: RemoteReviewAnswer | undefined): Answered {
    if (answer === undefined) {
      this.#options.foundGone(tunnel)
      return noRoute('the replica that holds it gave no answer that can be read')
    }
    // The bus sees to it; a verdict that is not for this review must not depend on that alone (D11).
    if (answer.id !== id) return { outcome: { kind: 'mismatched' } }
    if (answer.outcome.kind === 'no-route') this.#options.foundGone(tunnel)
    return answer
  }
}

interface Answered {
  outcome: AttemptOutcome
  tookMs?: number
}

function noRoute(detail: string): Answered {
  return { outcome: { kind: 'no-route', detail } }
}
