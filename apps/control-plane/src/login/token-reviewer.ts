import type { TokenVerdict } from '@postern/token-review'
import type { LeavingSignal } from '../http/signal-of-leaving.ts'

/**
 * The port through which a login asks a cluster about a token. It is implemented by the direct review
 * (`kubernetes-auth/`) and by gateways (`gateway-pools/review-through-pool.ts`); `app.ts` joins them.
 */
export interface TokenReviewer {
  /** Never rejects: whatever goes wrong is an outcome, because each outcome has its own audit reason and status. */
  review(request: ReviewRequest): Promise<ReviewOutcome>
}

export interface ReviewRequest {
  token: string
  /** Sent as `spec.audiences`; empty means the API server's own. */
  audiences: readonly string[]
  /** How long the caller still waits, in milliseconds from now. */
  budgetMs: number
  /** Fires when the caller has left; the outcome is then of no interest. */
  signal?: LeavingSignal
}

export type ReviewOutcome =
  | { kind: 'reviewed'; verdict: TokenVerdict; via: ReviewRoute }
  | {
      kind: 'failed'
      failure: ReviewFailure
      /** For the audit log only: may name hosts and addresses. Never holds a token. */
      detail: string
      retryAfterSeconds?: number
      via: ReviewRoute
    }

/** Who did the review, for the audit log. */
export type ReviewRoute =
  | {
      reviewer: 'stored-jwt' | 'client-jwt'
      host: string
      /** What carried the bytes; neither: the control plane's own connection. */
      gatewayId?: string
      gatewayPoolId?: string
    }
  | GatewayRoute

export type GatewayRoute = {
  reviewer: 'gateway'
  /** Who answered, or was asked last; absent when nobody of the pool could be asked. */
  gatewayId?: string
  gatewayPoolId?: string
  tunnelId?: string
  /** The id of the replica that holds the tunnel, where it is another one. */
  heldBy?: string
  /** Without the hedge. */
  attempts: number
  /** Another tunnel was asked while the first was silent. */
  hedged?: true
  /** Everyone who was asked, in order, where it was more than one. */
  tried?: readonly TriedTunnel[]
}

/** The outcome is of a closed set: see `labelOf` in `gateway-pools/choosing/judge-outcome.ts`. */
export type TriedTunnel = { gatewayId: string; tunnelId: string; outcome: string }

/** Closed: every value is mapped to an audit reason and an HTTP status by the login. */
export type ReviewFailure =
  | 'api-server-unreachable'
  | 'api-server-timeout'
  | 'api-server-overloaded'
  | 'api-server-error'
  | 'reviewer-unauthorized'
  | 'reviewer-forbidden'
  | 'tls-failed'
  | 'host-not-allowed'
  | 'malformed-answer'
  | 'gateway-unavailable'
  | 'gateway-overloaded'
  | 'deadline-exceeded'
