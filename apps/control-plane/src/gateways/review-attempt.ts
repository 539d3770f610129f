import type { ClusterFrame, FailureFrame, HealthFrame, PeerLoad } from '@postern/protocol'
import type { TokenVerdict } from '@postern/token-review'

// One attempt of a review on one tunnel, as `tunnel/` makes it and `gateway-pools/` chooses among tunnels for it.

export interface ReviewAttempt {
  token: string
  /** By `hashToken`. */
  tokenHash: string
  audiences: readonly string[]
  /** What is left of the caller's time, in milliseconds. */
  budgetMs: number
  /** From 1. */
  attempt: number
  signal: AttemptSignal | undefined
  /** Called at most once: the gateway has the review, and now asks the API server. */
  onAccepted?: () => void
}

/** What an attempt needs of an AbortSignal; a hedge has one of its own for each try, which costs less than a real one. */
export interface AttemptSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: AbortListener): void
  removeEventListener(type: 'abort', listener: AbortListener): void
}

export interface AbortListener {
  handleEvent(): void
}

/** What one attempt on one tunnel came to. */
export type AttemptOutcome =
  | { kind: 'reviewed'; verdict: TokenVerdict }
  | { kind: 'failed'; code: FailureFrame['code']; detail: string; retryAfterMs: number }
  /** The tunnel ended meanwhile: another may be asked. */
  | { kind: 'tunnel-lost'; detail: string }
  /** Nobody took it, because the replica that held the tunnel holds it no more: another is asked in its place. */
  | { kind: 'no-route'; detail: string }
  /** An answer came that is for another review; it was discarded. */
  | { kind: 'mismatched' }
  /** The gateway turned out to stand in another cluster than its pool; its verdict was discarded. */
  | { kind: 'other-cluster' }
  /** The gateway has as many reviews as it takes, as far as this side knows. */
  | { kind: 'full' }
  /** The review does not fit a frame. */
  | { kind: 'unsendable'; detail: string }
  | { kind: 'timed-out'; accepted: boolean }
  | { kind: 'cancelled' }

/** A live tunnel, as far as choosing among tunnels goes. */
export interface ReviewTunnel {
  readonly tunnelId: string
  readonly gatewayId: string
  readonly organizationId: string
  /** Random per gateway process. */
  readonly instanceId: string
  /** Takes reviews: connected, and neither side drains. */
  readonly isRoutable: boolean
  /** Nothing was heard for an interval: other tunnels are better. */
  readonly isSuspect: boolean
  /** Reviews of this replica that wait for an answer on it. */
  readonly inFlight: number
  /** Of the last ping. */
  readonly roundTripMs: number | undefined
  /** What the gateway last said of itself. */
  readonly peer: PeerLoad
  /** The gateway's last Health frame; undefined before the first. */
  readonly health?: HealthFrame | undefined
  /** The gateway's last Cluster frame; undefined before the first. */
  readonly cluster?: ClusterFrame | undefined
  /** What its cost is multiplied by; 1 for this replica's own, 1.25 is meant for one that another replica holds. */
  readonly costFactor?: number
  /** The id of the replica that holds it; undefined for this replica's own. */
  readonly heldBy?: string
  /** Never rejects. */
  review(attempt: ReviewAttempt): Promise<AttemptOutcome>
}
