import type { ApiServerConnection } from './api-server/api-server-connection.ts'
import { createReadCluster } from './api-server/read-cluster.ts'
import type { ServiceAccountFolder } from './api-server/service-account-folder.ts'
import { watchCluster, type ClusterWatch } from './api-server/watch-cluster.ts'
import type { GatewayLifecycle } from './gateway-lifecycle.ts'
import type { GatewayMetrics } from './health/gateway-metrics.ts'
import { measureReviews } from './health/measure-reviews.ts'
import { watchHealth, type HealthWatch } from './health/watch-health.ts'
import { createReviewToken } from './token-review/create-review-token.ts'
import { createKubernetesTokenReview } from './token-review/kubernetes-token-review.ts'
import type { ReviewToken } from './token-review/review-token.ts'
import { InFlight } from './tunnel/in-flight.ts'
import type { Timing } from './tunnel/timing.ts'

export interface ReviewsOptions {
  connection: ApiServerConnection
  account: ServiceAccountFolder
  metrics: GatewayMetrics
  timing: Timing
  log: GatewayLog
  lifecycle: Pick<GatewayLifecycle, 'stop' | 'closeLater'>
}

interface GatewayLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** What this process does for the control plane, and what it knows of the cluster that it does it in. */
export interface Reviews {
  inFlight: InFlight
  reviewToken: ReviewToken
  health: HealthWatch
  cluster: ClusterWatch
}

export function openReviews({
  connection,
  account,
  metrics,
  timing,
  log,
  lifecycle,
}: ReviewsOptions): Reviews {
  const elapsed = (): number => timing.elapsed()
  const sleep = (ms: number, signal: AbortSignal): Promise<void> => timing.sleep(ms, signal)
  const { signal } = lifecycle.stop
  const reviewToken = createReviewToken(createKubernetesTokenReview(connection))
  const health = watchHealth({ reviewToken, elapsed, random: () => timing.random(), sleep, signal })
  const cluster = watchCluster({
    readCluster: createReadCluster({ connection, account }),
    authorityDigest: async () => (await account.current()).certificateAuthorityDigest,
    elapsed,
    sleep,
    signal,
  })
  health.onChange(({ apiServerReachable, mayReviewTokens, detail }) => {
    metrics.mayReview.set(apiServerReachable && mayReviewTokens ? 1 : 0)
    if (detail === '') log.info({}, 'the API server reviews tokens for this gateway')
    else
      log.warn({ apiServerReachable, mayReviewTokens, detail }, 'the API server does not review as it should')
  })
  const ended = Promise.all([health.ended, cluster.ended])
  lifecycle.closeLater({ name: 'watch of the API server', msMax: 3_000, close: () => ended })
  const measured = measureReviews({
    reviewToken,
    metrics,
    now: elapsed,
    onResult: (result) => health.noteReview(result),
  })
  const inFlight = new InFlight({
    reviewToken: measured,
    elapsed,
    onShared: () => metrics.reviewsShared.inc(),
    onOverload: () => metrics.reviews.inc({ result: 'overloaded' }),
  })
  return { inFlight, reviewToken: measured, health, cluster }
}
