import { describe, expect, it } from 'vitest'

import { createMetrics } from './metrics.ts'

const options = { version: '1.2.3', withProcessMetrics: false }

describe('createMetrics', () => {
  it('counts requests by route template, logins by reason, flushes and tunnels', async () => {
    const metrics = createMetrics(options)
    metrics.observeRequest({
      method: 'GET',
      route: '/api/v1/identities/:id',
      statusCode: 404,
      durationMs: 30,
    })
    metrics.observeLogin('kubernetes-auth', 'success')
    metrics.observeLogin('kubernetes-auth', 'denied', 'token-expired')
    metrics.auditLog.queued(7)
    metrics.auditLog.flushed({ rows: 3, durationMs: 2, isCommitted: true })
    metrics.auditLog.flushed({ rows: 4, durationMs: 2, isCommitted: false })
    metrics.tunnels.tunnelOpened()
    metrics.tunnels.tunnelOpened()
    metrics.tunnels.tunnelClosed({}, { end: 'silent', livedMs: 90_000, idleMs: 8000 })
    metrics.tunnels.tunnelDrained('gateway-drains', 300)
    metrics.tunnels.instanceDuplicated()
    metrics.tunnels.countTunnelsBy(() => ({
      states: { serving: 4, suspect: 1 },
      inFlight: 7,
      inFlightMax: 5,
      oldestUnansweredMs: 1500,
      roundTripsMs: Float64Array.from([1, 2, 3, 40]),
    }))
    metrics.tunnels.countStreamsBy(() => ({ connections: 2, streams: 9 }))
    metrics.tunnels.streamRefused('host-not-allowed')
    metrics.tunnels.countRemoteBy(() => ({ replicas: 2, tunnels: 30 }))
    metrics.tunnels.remoteReviewEnded('reviewed', 0.4)
    metrics.tunnels.remoteReviewEnded('no-route', undefined)
    metrics.tunnels.remoteReviewServed('reviewed')
    metrics.tunnels.presenceDropped('malformed')
    metrics.tunnels.upgradeRefused('revoked')
    metrics.tunnels.answerDiscarded('wrong-nonce')
    metrics.tunnels.reviewEnded('authenticated', 4)
    const lines = (await metrics.render()).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'postern_version{version="1.2.3"} 1',
        'postern_http_request_duration_seconds_bucket{le="0.025",method="GET",route="/api/v1/identities/:id",status="404"} 0',
        'postern_http_request_duration_seconds_bucket{le="0.05",method="GET",route="/api/v1/identities/:id",status="404"} 1',
        'postern_logins_total{auth_method="kubernetes-auth",outcome="success",reason="none"} 1',
        'postern_logins_total{auth_method="kubernetes-auth",outcome="denied",reason="token-expired"} 1',
        'postern_audit_queued_rows 7',
        'postern_audit_flush_rows_sum 3',
        'postern_audit_flush_duration_seconds_count{committed="false"} 1',
        'postern_tunnels_open{state="serving"} 4',
        'postern_tunnels_open{state="suspect"} 1',
        'postern_tunnels_opened_total 2',
        'postern_tunnel_idle_at_end_seconds_sum{end="silent"} 8',
        'postern_tunnel_drain_duration_seconds_count{reason="gateway-drains"} 1',
        'postern_tunnel_duplicate_instances_total 1',
        'postern_tunnel_reviews_in_flight 7',
        'postern_tunnel_reviews_in_flight_max 5',
        'postern_tunnel_oldest_unanswered_review_seconds 1.5',
        'postern_tunnel_round_trip_seconds{quantile="0.5"} 0.003',
        'postern_tunnel_round_trip_seconds{quantile="1"} 0.04',
        'postern_other_replicas 2',
        'postern_remote_tunnels 30',
        'postern_remote_reviews_total{outcome="no-route"} 1',
        'postern_remote_review_hop_seconds_bucket{le="0.0005"} 1',
        'postern_remote_review_hop_seconds_count 1',
        'postern_remote_reviews_served_total{outcome="reviewed"} 1',
        'postern_replica_presence_dropped_total{reason="malformed"} 1',
        'postern_stream_connections_open 2',
        'postern_streams_open 9',
        'postern_streams_refused_total{reason="host-not-allowed"} 1',
        'postern_tunnels_closed_total{end="silent"} 1',
        'postern_tunnel_upgrades_refused_total{code="revoked"} 1',
        'postern_tunnel_answers_discarded_total{reason="wrong-nonce"} 1',
        'postern_tunnel_review_duration_seconds_count{outcome="authenticated"} 1',
      ]),
    )
  })

  it('counts what choosing among gateways does', async () => {
    const metrics = createMetrics(options)
    const { reviews } = metrics
    reviews.asked('first', 'authenticated')
    reviews.asked('hedge', 'overtaken')
    reviews.hedged('not-accepted')
    reviews.ejected('process', 'late')
    reviews.readmitted('process')
    reviews.retryBudgetExhausted('retry')
    reviews.creditsExhausted()
    reviews.pausedForApiServer()
    expect((await metrics.render()).split('\n')).toEqual(
      expect.arrayContaining([
        'postern_review_attempts_total{kind="first",outcome="authenticated"} 1',
        'postern_review_attempts_total{kind="hedge",outcome="overtaken"} 1',
        'postern_review_hedges_total{reason="not-accepted"} 1',
        'postern_gateway_ejections_total{what="process",reason="late"} 1',
        'postern_gateway_readmissions_total{what="process"} 1',
        'postern_review_retry_budget_exhausted_total{kind="retry"} 1',
        'postern_tunnel_credits_exhausted_total 1',
        'postern_review_api_server_pauses_total 1',
      ]),
    )
  })

  it('explains every metric', async () => {
    const lines = (await createMetrics(options).render()).split('\n')
    const named = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2])
    const explained = lines
      .filter((line) => /^# HELP \S+ \S.{10}/.test(line))
      .map((line) => line.split(' ')[2])
    expect(named.length).toBeGreaterThan(8)
    expect(explained).toEqual(named)
  })

  it('keeps two of its kind apart', async () => {
    const [first, second] = [createMetrics(options), createMetrics(options)]
    first.tunnels.tunnelOpened()
    expect(await second.render()).toContain('postern_tunnels_opened_total 0')
  })
})
