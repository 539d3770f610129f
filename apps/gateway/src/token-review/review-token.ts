import { buildTokenReview, type TokenReviewRequest, type TokenVerdict } from '@postern/token-review'
import type { ExchangeBounds, ExchangeOutcome } from '../api-server/exchange.ts'
import { ServiceAccountUnreadable } from '../api-server/service-account-folder.ts'
import { readReviewAnswer } from './read-review-answer.ts'

export interface ReviewTokenRequest {
  /** The workload's token. It goes to the API server and nowhere else. */
  token: string
  /** Sent as `spec.audiences`; empty means the API server's own. */
  audiences: readonly string[]
  /** How long the caller still waits, in milliseconds from now. */
  deadlineMs: number
  /** Fires when the caller has left; the result is then of no interest. */
  signal?: AbortSignal | undefined
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

/** Posts one TokenReview with the gateway's own right. */
export type PostTokenReview = (review: TokenReviewRequest, bounds: ExchangeBounds) => Promise<ExchangeOutcome>

/** However patient the caller is, in milliseconds. */
const reviewMsMax = 10_000

export function createReviewToken(postTokenReview: PostTokenReview): ReviewToken {
  return async ({ token, audiences, deadlineMs, signal }) => {
    if (!(deadlineMs > 0)) return failed('deadline-exceeded', 'the review arrived after its deadline')
    try {
      const bounds = { timeoutMs: Math.min(deadlineMs, reviewMsMax), signal }
      return readReviewAnswer(await postTokenReview(buildTokenReview(token, audiences), bounds))
    } catch (error) {
      if (error instanceof ServiceAccountUnreadable) return failed('reviewer-unauthorized', error.message)
      // The text of an unforeseen error may hold what was sent, so only its class is told.
      return failed(
        'api-server-error',
        `the review failed (${error instanceof Error ? error.name : typeof error})`,
      )
    }
  }
}

function failed(failure: ReviewFailure, detail: string): ReviewResult {
  return { kind: 'failed', failure, detail }
}
