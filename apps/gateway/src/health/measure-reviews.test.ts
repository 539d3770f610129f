import { expect, it } from 'vitest'
import type { ReviewResult } from '../token-review/review-token.ts'
import { createGatewayMetrics } from './gateway-metrics.ts'
import { measureReviews } from './measure-reviews.ts'
import { observeTunnel } from './observe-tunnel.ts'

const request = { token: 'workload-canary', audiences: [], deadlineMs: 1 }
const results: ReviewResult[] = [
  { kind: 'reviewed', verdict: { authenticated: false, error: '' } },
  { kind: 'failed', failure: 'api-server-timeout', detail: 'x' },
]

it('counts reviews by result, those in flight, and their time', async () => {
  const metrics = createGatewayMetrics()
  let inFlight: string | undefined
  let clockMs = 0
  const told: string[] = []
  const measured = measureReviews({
    reviewToken: async () => {
      inFlight = /^postern_gateway_reviews_in_flight (\d+)/m.exec(await metrics.registry.metrics())?.[1]
      clockMs += 20
      return results.shift() ?? Promise.reject(new RangeError('a bug'))
    },
    metrics,
    now: () => clockMs,
    onResult: ({ kind }) => void told.push(kind),
  })
  await measured(request)
  await measured(request)
  await expect(measured(request)).rejects.toThrow('a bug')
  expect(inFlight).toBe('1')
  expect(told).toEqual(['reviewed', 'failed'])
  const text = await metrics.registry.metrics()
  expect(text).toContain('postern_gateway_reviews_total{result="denied"} 1')
  expect(text).toContain('postern_gateway_reviews_total{result="api-server-timeout"} 1')
  expect(text).toContain('postern_gateway_reviews_in_flight 0')
  expect(text).toContain('postern_gateway_review_duration_seconds_bucket{le="0.01"} 0')
  expect(text).toContain('postern_gateway_review_duration_seconds_bucket{le="0.025"} 3')
  expect(text).not.toContain('canary')
})

it('counts a reconnect for every connection after the first', async () => {
  const metrics = createGatewayMetrics()
  const observe = observeTunnel(metrics)
  for (const phase of ['connected', 'waiting', 'dialling', 'connected'] as const) observe({ phase })
  const text = await metrics.registry.metrics()
  expect(text).toContain('postern_gateway_tunnel_reconnects_total 1')
  expect(text).toContain('postern_gateway_tunnel_phase{phase="connected"} 1')
  expect(text).toContain('postern_gateway_tunnel_phase{phase="waiting"} 0')
})
