import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

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
  tunnels: {
    tunnelOpened(): void
    tunnelClosed(tunnel: unknown, end: string, livedMs: number): void
    upgradeRefused(code: string): void
    answerDiscarded(reason: string): void
    reviewEnded(outcome: string, durationMs: number): void
  }
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
    tunnels: createTunnelObserver(registers),
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

function createTunnelObserver(registers: Registry[]): Metrics['tunnels'] {
  const open = new Gauge({
    name: 'postern_tunnels_open',
    help: 'Tunnels of gateways that this replica holds',
    registers,
  })
  const closed = new Counter({
    name: 'postern_tunnels_closed_total',
    help: 'Tunnels that ended, by why',
    labelNames: ['end'],
    registers,
  })
  const lifeSeconds = new Histogram({
    name: 'postern_tunnel_life_seconds',
    help: 'How long tunnels lived',
    buckets: [1, 10, 60, 600, 3_600, 21_600, 86_400, 604_800],
    registers,
  })
  const refused = new Counter({
    name: 'postern_tunnel_upgrades_refused_total',
    help: 'Gateways that were refused a tunnel, by the code that they were told',
    labelNames: ['code'],
    registers,
  })
  const discarded = new Counter({
    name: 'postern_tunnel_answers_discarded_total',
    help: 'Verdicts of gateways that were for no review that waits, by why; anything but nobody-waits is an attack or a bug',
    labelNames: ['reason'],
    registers,
  })
  const reviewSeconds = new Histogram({
    name: 'postern_tunnel_review_duration_seconds',
    help: 'Time of one review through one tunnel, by outcome',
    labelNames: ['outcome'],
    buckets: requestBuckets,
    registers,
  })
  return {
    tunnelOpened: () => open.inc(),
    tunnelClosed: (_tunnel, end, livedMs) => {
      open.dec()
      closed.inc({ end })
      lifeSeconds.observe(livedMs / 1000)
    },
    upgradeRefused: (code) => refused.inc({ code }),
    answerDiscarded: (reason) => discarded.inc({ reason }),
    reviewEnded: (outcome, durationMs) => reviewSeconds.observe({ outcome }, durationMs / 1000),
  }
}
