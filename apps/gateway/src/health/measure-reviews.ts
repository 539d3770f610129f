import type { ReviewResult, ReviewToken } from '../token-review/review-token.ts'
import type { GatewayMetrics } from './gateway-metrics.ts'

type ReviewMetrics = Pick<GatewayMetrics, 'reviews' | 'reviewsInFlight' | 'reviewSeconds'>

/** The same reviews, counted and timed. `now` is in milliseconds of a monotonic clock. */
export function measureReviews(
  reviewToken: ReviewToken,
  metrics: ReviewMetrics,
  now: () => number,
): ReviewToken {
  return async (request) => {
    const startedAt = now()
    metrics.reviewsInFlight.inc()
    try {
      const result = await reviewToken(request)
      metrics.reviews.inc({ result: nameOf(result) })
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
