import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

import { type DatabaseMetrics, createDatabaseMetrics } from './database-metrics.ts'
import { type NatsMetrics, createNatsMetrics } from './nats-metrics.ts'
import { type ReviewMetrics, createReviewMetrics } from './review-metrics.ts'
import { type TunnelMetrics, createTunnelMetrics } from './tunnel-metrics.ts'

/**
 * What `/metrics` tells. Labels have few values, all of them ours: no ids, hosts, URLs or names of workloads. The
 * functions take what the features' observers give.
 */
export interface Metrics {
  /** Prometheus' text format. */
  contentType: string
  render(): Promise<string>
  observeRequest(finished: FinishedRequest): void
  /** @param reason why it was refused; undefined for a success */
  observeLogin(authMethod: string, outcome: 'success' | 'denied' | 'failed', reason?: string): void
  auditLog: {
    queued(rows: number): void
    flushed(flush: { rows: number; durationMs: number; isCommitted: boolean }): void
  }
  database: DatabaseMetrics
  nats: NatsMetrics
  tunnels: TunnelMetrics
  reviews: ReviewMetrics
}

interface FinishedRequest {
  method: string
  /** The route's template, never the URL. */
  route: string
  statusCode: number
  durationMs: number
}

export interface MetricsOptions {
  version: string
  /** Process metrics start a timer and a performance observer: left out of tests. */
  withProcessMetrics: boolean
}

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createMetrics({ version, withProcessMetrics }: MetricsOptions): Metrics {
  const registry = new Registry()
  const registers = [registry]
  if (withProcessMetrics) collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'postern_version',
    help: 'Always 1; the label is the version that runs',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1)
  const logins = new Counter({
    name: 'postern_logins_total',
    help: 'Logins that ended, by auth method, outcome (success, denied, failed) and reason (as in the audit log)',
    labelNames: ['auth_method', 'outcome', 'reason'],
    registers,
  })
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    observeRequest: createRequestObserver(registers),
    observeLogin: (auth_method, outcome, reason) =>
      logins.inc({ auth_method, outcome, reason: reason ?? 'none' }),
    auditLog: createAuditLogObserver(registers),
    database: createDatabaseMetrics(registers),
    nats: createNatsMetrics(registers),
    tunnels: createTunnelMetrics(registers),
    reviews: createReviewMetrics(registers),
  }
}

function createRequestObserver(registers: Registry[]): Metrics['observeRequest'] {
  const seconds = new Histogram({
    name: 'postern_http_request_duration_seconds',
    help: 'Time from the arrival of a request to the end of its reply, by method, route template and status',
    labelNames: ['method', 'route', 'status'],
    buckets: requestBuckets,
    registers,
  })
  return ({ method, route, statusCode, durationMs }) =>
    seconds.observe({ method, route, status: statusCode }, durationMs / 1000)
}

function createAuditLogObserver(registers: Registry[]): Metrics['auditLog'] {
  const queuedRows = new Gauge({
    name: 'postern_audit_queued_rows',
    help: 'Audit events that wait for their commit; logins wait with them',
    registers,
  })
  const flushRows = new Histogram({
    name: 'postern_audit_flush_rows',
    help: 'Audit events in one commit',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers,
  })
  const flushSeconds = new Histogram({
    name: 'postern_audit_flush_duration_seconds',
    help: 'Time of one commit of audit events, by whether it succeeded',
    labelNames: ['committed'],
    buckets: requestBuckets,
    registers,
  })
  return {
    queued: (rows) => queuedRows.set(rows),
    flushed: ({ rows, durationMs, isCommitted }) => {
      if (isCommitted) flushRows.observe(rows)
      flushSeconds.observe({ committed: String(isCommitted) }, durationMs / 1000)
    },
  }
}
