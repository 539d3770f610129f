import { buildTokenReview, type TokenReviewRequest } from '@postern/token-review'
import type { ExchangeBounds, ExchangeOutcome } from '../http/exchange.ts'
import { ServiceAccountUnreadable } from '../api-server/service-account-folder.ts'
import { readReviewAnswer } from './read-review-answer.ts'
import type { ReviewFailure, ReviewResult, ReviewToken } from './review-token.ts'

/** Posts one TokenReview with the gateway's own right. */
export type PostTokenReview = (review: TokenReviewRequest, bounds: ExchangeBounds) => Promise<ExchangeOutcome>

/** However patient the caller is, in milliseconds. */
const reviewMsMax = 10_000

export function createReviewToken(postTokenReview: PostTokenReview): ReviewToken {
  return async ({ token, audiences, deadlineMs, remainingMs, signal }) => {
    if (!(deadlineMs > 0)) return failed('deadline-exceeded', 'the review arrived after its deadline')
    try {
      const bounds = { timeoutMs: Math.min(deadlineMs, reviewMsMax), remainingMs, signal }
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
