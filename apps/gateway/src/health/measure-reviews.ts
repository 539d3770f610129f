import type { ReviewResult, ReviewToken } from '../token-review/review-token.ts'
import type { GatewayMetrics } from './gateway-metrics.ts'

type ReviewMetrics = Pick<GatewayMetrics, 'reviews' | 'reviewsInFlight' | 'reviewSeconds'>

export interface MeasureReviewsOptions {
  reviewToken: ReviewToken
  metrics: ReviewMetrics
  /** Milliseconds of a monotonic clock. */
  now: () => number
  onResult?: (result: ReviewResult) => void
}

/** The same reviews, counted and timed. */
export function measureReviews({ reviewToken, metrics, now, onResult }: MeasureReviewsOptions): ReviewToken {
  return async (request) => {
    const startedAt = now()
    metrics.reviewsInFlight.inc()
    try {
      const result = await reviewToken(request)
      metrics.reviews.inc({ result: nameOf(result) })
      onResult?.(result)
      return result
    } finally {
      metrics.reviewsInFlight.dec()
      metrics.reviewSeconds.observe((now() - startedAt) / 1000)
    }
  }
}

function nameOf(result: ReviewResult): string {
  if (result.kind === 'failed') return result.failure
  return result.verdict.authenticated ? 'authenticated' : 'denied'
}
