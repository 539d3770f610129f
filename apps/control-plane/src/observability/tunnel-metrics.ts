import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { createRemoteMetrics, type RemoteMetrics } from './remote-metrics.ts'
import { createStreamHopMetrics, type StreamHopMetrics } from './stream-hop-metrics.ts'
import { createStreamMetrics, type StreamMetrics } from './stream-metrics.ts'

/** What the tunnels' observer tells. No label is an id: a replica holds thousands of tunnels. */
export interface TunnelMetrics extends StreamMetrics, StreamHopMetrics, RemoteMetrics {
  tunnelOpened(): void
  tunnelClosed(tunnel: unknown, ending: { end: string; livedMs: number; idleMs: number }): void
  tunnelDrained(reason: string, durationMs: number): void
  upgradeRefused(code: string): void
  instanceDuplicated(): void
  answerDiscarded(reason: string): void
  reviewEnded(outcome: string, durationMs: number): void
  countTunnelsBy(count: () => TunnelCount): void
}

/** All tunnels at one moment. */
interface TunnelCount {
  states: Record<string, number>
  inFlight: number
  inFlightMax: number
  oldestUnansweredMs: number
  /** In ascending order. */
  roundTripsMs: Float64Array
}

const reviewBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const quantiles = [0.5, 0.9, 0.99, 1]

export function createTunnelMetrics(registers: Registry[]): TunnelMetrics {
  const lives = createLifeMetrics(registers)
  const upgradesRefused = new Counter({
    name: 'postern_tunnel_upgrades_refused_total',
    help: 'Gateways that were refused a tunnel, by the code that they were told',
    labelNames: ['code'],
    registers,
  })
  const duplicates = new Counter({
    name: 'postern_tunnel_duplicate_instances_total',
    help: 'Times that two processes of a gateway showed one instance id: restart both, and start none from a snapshot',
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
    buckets: reviewBuckets,
    registers,
  })
  return {
    ...lives,
    upgradeRefused: (code) => upgradesRefused.inc({ code }),
    instanceDuplicated: () => duplicates.inc(),
    answerDiscarded: (reason) => discarded.inc({ reason }),
    reviewEnded: (outcome, durationMs) => reviewSeconds.observe({ outcome }, durationMs / 1000),
    countTunnelsBy: createCensusMetrics(registers),
    ...createStreamMetrics(registers),
    ...createStreamHopMetrics(registers),
    ...createRemoteMetrics(registers),
  }
}

function createLifeMetrics(
  registers: Registry[],
): Pick<TunnelMetrics, 'tunnelOpened' | 'tunnelClosed' | 'tunnelDrained'> {
  const opened = new Counter({
    name: 'postern_tunnels_opened_total',
    help: 'Tunnels that gateways opened, reconnections included',
    registers,
  })
  const closed = new Counter({
    name: 'postern_tunnels_closed_total',
    help: 'Tunnels that ended, by why; gateways reconnect after each but revoked',
    labelNames: ['end'],
    registers,
  })
  const lifeSeconds = new Histogram({
    name: 'postern_tunnel_life_seconds',
    help: 'How long tunnels lived',
    buckets: [1, 10, 60, 600, 3_600, 21_600, 86_400, 604_800],
    registers,
  })
  const idleSeconds = new Histogram({
    name: 'postern_tunnel_idle_at_end_seconds',
    help: 'Time from the last frame of a gateway to the end of its tunnel, by why it ended: what cuts idle connections shows here',
    labelNames: ['end'],
    buckets: [0.1, 1, 3, 6, 10, 30, 60],
    registers,
  })
  const drainSeconds = new Histogram({
    name: 'postern_tunnel_drain_duration_seconds',
    help: 'Time from the moment that a tunnel took nothing new to its end, by reason (gateway-drains, replaced, shutting-down)',
    labelNames: ['reason'],
    buckets: [0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  })
  return {
    tunnelOpened: () => opened.inc(),
    tunnelClosed: (_tunnel, { end, livedMs, idleMs }) => {
      closed.inc({ end })
      lifeSeconds.observe(livedMs / 1000)
      idleSeconds.observe({ end }, idleMs / 1000)
    },
    tunnelDrained: (reason, durationMs) => drainSeconds.observe({ reason }, durationMs / 1000),
  }
}

/** Counted when metrics are read, so that neither pings nor reviews cost anything for it. */
function createCensusMetrics(registers: Registry[]): TunnelMetrics['countTunnelsBy'] {
  let countTunnels: (() => TunnelCount) | undefined
  // Before those that it sets: metrics are read in this order.
  const open = new Gauge({
    name: 'postern_tunnels_open',
    help: 'Tunnels of gateways that this replica holds, by state: serving, suspect (silent for an interval), asked-to-leave (this replica stops), finishing (takes nothing new)',
    labelNames: ['state'],
    registers,
    collect() {
      const count = countTunnels?.()
      if (count === undefined) return
      for (const [state, tunnels] of Object.entries(count.states)) this.set({ state }, tunnels)
      inFlight.set(count.inFlight)
      inFlightMax.set(count.inFlightMax)
      oldest.set(count.oldestUnansweredMs / 1000)
      setQuantiles(roundTrip, count.roundTripsMs)
    },
  })
  const inFlight = gauge(
    'postern_tunnel_reviews_in_flight',
    'Reviews that wait for an answer, on all tunnels',
  )
  const inFlightMax = gauge(
    'postern_tunnel_reviews_in_flight_max',
    'Reviews that wait for an answer on the tunnel that has most of them',
  )
  const oldest = gauge(
    'postern_tunnel_oldest_unanswered_review_seconds',
    'Age of the review that waits longest; 0 while none waits',
  )
  const roundTrip = new Gauge({
    name: 'postern_tunnel_round_trip_seconds',
    help: 'Round trip of the last ping of each tunnel, by quantile over the tunnels',
    labelNames: ['quantile'],
    registers,
  })
  open.set({ state: 'serving' }, 0)
  return (count) => {
    countTunnels = count
  }

  function gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers })
  }
}

function setQuantiles(gauge: Gauge<'quantile'>, sortedMs: Float64Array): void {
  gauge.reset()
  if (sortedMs.length === 0) return
  for (const quantile of quantiles) {
    const index = Math.min(sortedMs.length - 1, Math.floor(sortedMs.length * quantile))
    gauge.set({ quantile }, (sortedMs[index] ?? 0) / 1000)
  }
}
