import { expect, it } from 'vitest'
import type { ReviewResult } from '../token-review/review-token.ts'
import { createGatewayMetrics } from './gateway-metrics.ts'
import { measureReviews } from './measure-reviews.ts'
import { observeTunnels } from './observe-tunnel.ts'

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

it('counts tunnels by phase, what cut them, and how long nothing had come by then', async () => {
  const metrics = createGatewayMetrics()
  const observe = observeTunnels(metrics)
  observe.entered(0, { phase: 'connected', since: 0, replicaId: 'r' })
  observe.entered(1, { phase: 'connected', since: 0, replicaId: 's' })
  observe.lost('lost', 4_000)
  observe.entered(1, { phase: 'dialling', since: 0, trouble: undefined })
  observe.dialFailed('tls')
  observe.reconnected()
  observe.drained(700)
  const text = await metrics.registry.metrics()
  expect(text).toContain('postern_gateway_tunnels{phase="connected"} 1')
  expect(text).toContain('postern_gateway_tunnels{phase="dialling"} 1')
  expect(text).toContain('postern_gateway_tunnels{phase="waiting"} 0')
  expect(text).toContain('postern_gateway_tunnel_losses_total{cause="lost"} 1')
  expect(text).toContain('postern_gateway_tunnel_loss_idle_seconds_sum{cause="lost"} 4')
  expect(text).toContain('postern_gateway_tunnel_dial_failures_total{at="tls"} 1')
  expect(text).toContain('postern_gateway_tunnel_reconnects_total 1')
  expect(text).toContain('postern_gateway_tunnel_drain_seconds_sum 0.7')
})
