import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { createStreamMetrics, type StreamMetrics } from './stream-metrics.ts'

/** What `/metrics` tells. Labels have few values, all of them ours: no ids, hosts or names of workloads. */
export interface GatewayMetrics extends StreamMetrics {
  registry: Registry
  /** By `result`: authenticated, denied, or the failure; `overloaded` was refused without a call. */
  reviews: Counter<'result'>
  /** Reviews that a call answered which ran already, because it asked the same. */
  reviewsShared: Counter
  reviewsInFlight: Gauge
  reviewSeconds: Histogram
  /** How many of the process's tunnels are in each phase. */
  tunnels: Gauge<'phase'>
  tunnelReconnects: Counter
  /** By `cause`: lost, malformed-frame, or the code of the control plane's GoAway. */
  tunnelLosses: Counter<'cause'>
  tunnelLossIdleSeconds: Histogram<'cause'>
  /** By `at`: the hop that failed, or refused, clock-off, key-replaced. */
  tunnelDialFailures: Counter<'at'>
  tunnelDrainSeconds: Histogram
  tunnelRoundTrip: Gauge<'slot'>
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
    ...createTunnelMetrics(registers),
    ...createStreamMetrics(registers),
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

type TunnelMetric =
  | 'tunnels'
  | 'tunnelReconnects'
  | 'tunnelLosses'
  | 'tunnelLossIdleSeconds'
  | 'tunnelDialFailures'
  | 'tunnelDrainSeconds'
  | 'tunnelRoundTrip'

function createTunnelMetrics(registers: Registry[]): Pick<GatewayMetrics, TunnelMetric> {
  return {
    tunnels: new Gauge({
      name: 'postern_gateway_tunnels',
      help: 'Tunnels of this process by phase; connected and handing-over serve',
      labelNames: ['phase'],
      registers,
    }),
    tunnelReconnects: new Counter({
      name: 'postern_gateway_tunnel_reconnects_total',
      help: 'Times that a tunnel came up again after the first of its slot',
      registers,
    }),
    tunnelLosses: new Counter({
      name: 'postern_gateway_tunnel_losses_total',
      help: 'Tunnels that ended without having been relieved, by cause; replaced means two processes with one instance id',
      labelNames: ['cause'],
      registers,
    }),
    tunnelLossIdleSeconds: new Histogram({
      name: 'postern_gateway_tunnel_loss_idle_seconds',
      help: 'How long nothing had come through a tunnel when it was lost, by cause',
      labelNames: ['cause'],
      buckets: [0.1, 0.5, 1, 3, 6, 9, 15, 30, 60],
      registers,
    }),
    tunnelDialFailures: new Counter({
      name: 'postern_gateway_tunnel_dial_failures_total',
      help: 'Dials that came to no tunnel, by the hop that failed, or by how they were refused',
      labelNames: ['at'],
      registers,
    }),
    tunnelDrainSeconds: new Histogram({
      name: 'postern_gateway_tunnel_drain_seconds',
      help: 'From the moment that a tunnel was to leave until nothing of it was left',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 15],
      registers,
    }),
    tunnelRoundTrip: new Gauge({
      name: 'postern_gateway_tunnel_round_trip_seconds',
      help: 'Of the last ping of each tunnel that serves',
      labelNames: ['slot'],
      registers,
    }),
  }
}
