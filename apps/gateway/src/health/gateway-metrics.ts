import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What `/metrics` tells. Labels have few values, all of them ours: no ids, hosts or names of workloads. */
export interface GatewayMetrics {
  registry: Registry
  /** By `result`: authenticated, denied, or the failure; `overloaded` was refused without a call. */
  reviews: Counter<'result'>
  /** Reviews that a call answered which ran already, because it asked the same. */
  reviewsShared: Counter
  reviewsInFlight: Gauge
  reviewSeconds: Histogram
  /** 1 for the phase that the tunnel is in, 0 for the others. */
  tunnelPhase: Gauge<'phase'>
  tunnelReconnects: Counter
  apiServerReachable: Gauge
  /** 1 while a review with the gateway's own right succeeds. */
  mayReview: Gauge
}

export function createGatewayMetrics(): GatewayMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    reviews: new Counter({
      name: 'postern_gateway_reviews_total',
      help: 'Reviews that ended, by result',
      labelNames: ['result'],
      registers,
    }),
    reviewsShared: new Counter({
      name: 'postern_gateway_reviews_shared_total',
      help: 'Reviews that were answered by a call that ran already, because it asked the same',
      registers,
    }),
    reviewsInFlight: new Gauge({
      name: 'postern_gateway_reviews_in_flight',
      help: 'Reviews that the API server is being asked for now',
      registers,
    }),
    reviewSeconds: new Histogram({
      name: 'postern_gateway_review_duration_seconds',
      help: 'Time of a review at the API server',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    tunnelPhase: new Gauge({
      name: 'postern_gateway_tunnel_phase',
      help: '1 for the phase that the tunnel is in',
      labelNames: ['phase'],
      registers,
    }),
    tunnelReconnects: new Counter({
      name: 'postern_gateway_tunnel_reconnects_total',
      help: 'Times that the tunnel came up again after the first',
      registers,
    }),
    apiServerReachable: new Gauge({
      name: 'postern_gateway_api_server_reachable',
      help: '1 while the API server answers, asked every 20 s',
      registers,
    }),
    mayReview: new Gauge({
      name: 'postern_gateway_may_review_tokens',
      help: '1 while the API server answers reviews with the own right of the gateway, probed every 30 s',
      registers,
    }),
  }
}
