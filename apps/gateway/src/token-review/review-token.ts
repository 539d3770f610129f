import type { TokenVerdict } from '@postern/token-review'
import type { CancelSignal } from '../http/cancellation.ts'

export interface ReviewTokenRequest {
  /** The workload's token. It goes to the API server and nowhere else. */
  token: string
  /** Sent as `spec.audiences`; empty means the API server's own. */
  audiences: readonly string[]
  /** How long the caller still waits, in milliseconds from now. */
  deadlineMs: number
  /**
   * Asked once `deadlineMs` is over: how long somebody still waits after all, because he asked the same in the meantime.
   * Zero or less: nobody does.
   */
  remainingMs?: (() => number) | undefined
  /** Fires when the caller has left; the result is then of no interest. */
  signal?: CancelSignal | undefined
}

export type ReviewResult =
  | { kind: 'reviewed'; verdict: TokenVerdict }
  | {
      kind: 'failed'
      failure: ReviewFailure
      /** For operators: a constant text, codes, the API server's address. Never a byte of a token or of an answer. */
      detail: string
      /** As the API server asked for, in seconds. */
      retryAfterSeconds?: number
    }

export type ReviewFailure =
  | 'api-server-unreachable'
  /** It was asked, and gave no complete answer in time. */
  | 'api-server-timeout'
  | 'api-server-overloaded'
  | 'api-server-error'
  /** 401: the gateway's own token. */
  | 'reviewer-unauthorized'
  /** 403: the gateway's own rights. */
  | 'reviewer-forbidden'
  | 'tls-failed'
  | 'malformed-answer'
  /** The caller's time was over, or the caller gone, before the API server could be asked. */
  | 'deadline-exceeded'

/** Never rejects. */
export type ReviewToken = (request: ReviewTokenRequest) => Promise<ReviewResult>
