import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What the bus between replicas tells; absent from `/metrics` where there is no NATS. */
export interface NatsMetrics {
  standingBy: (standing: () => Standing) => void
  connected: (isFirst: boolean) => void
  disconnected: () => void
  requestEnded: (outcome: string, durationMs: number) => void
  discarded: (reason: string) => void
  unsent: () => void
}

interface Standing {
  isConnected: boolean
  roundTripMs?: number | undefined
  waiting: number
}

const requestBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createNatsMetrics(registers: Registry[]): NatsMetrics {
  const connections = new Counter({
    name: 'postern_nats_connections_total',
    help: 'Connections made to NATS, by whether it was the first of this process (first) or another (again)',
    labelNames: ['kind'],
    registers,
  })
  const losses = new Counter({
    name: 'postern_nats_disconnections_total',
    help: 'Times that there was no connection to NATS any more',
    registers,
  })
  const requests = new Histogram({
    name: 'postern_nats_request_duration_seconds',
    help: 'Time of a request to another replica, by outcome (answered, no-responders, timed-out, cancelled, disconnected)',
    labelNames: ['outcome'],
    buckets: requestBuckets,
    registers,
  })
  const discarded = new Counter({
    name: 'postern_nats_discarded_messages_total',
    help: 'Messages from NATS that nobody got: unreadable (not of a replica of this instance, or changed on the way), replayed, overload',
    labelNames: ['reason'],
    registers,
  })
  const unsent = new Counter({
    name: 'postern_nats_unsent_messages_total',
    help: 'Messages that were not sent: no connection, or too much under way',
    registers,
  })
  return {
    standingBy: (standing) => observeStanding(standing, registers),
    connected: (isFirst) => connections.inc({ kind: isFirst ? 'first' : 'again' }),
    disconnected: () => losses.inc(),
    requestEnded: (outcome, durationMs) => requests.observe({ outcome }, durationMs / 1000),
    discarded: (reason) => discarded.inc({ reason }),
    unsent: () => unsent.inc(),
  }
}

interface Reading {
  name: string
  help: string
  read: (standing: Standing) => number
}

const readings: readonly Reading[] = [
  {
    name: 'postern_nats_connected',
    help: '1 while there is a connection to NATS; 0: gateways connected to other replicas cannot be asked',
    read: ({ isConnected }) => (isConnected ? 1 : 0),
  },
  {
    name: 'postern_nats_round_trip_seconds',
    help: 'Round trip of the last ping to NATS',
    read: ({ roundTripMs = 0 }) => roundTripMs / 1000,
  },
  {
    name: 'postern_nats_waiting_requests',
    help: 'Requests to other replicas that wait for an answer',
    read: ({ waiting }) => waiting,
  },
]

function observeStanding(standing: () => Standing, registers: Registry[]): void {
  for (const { name, help, read } of readings) {
    const gauge: Gauge = new Gauge({ name, help, registers, collect: () => gauge.set(read(standing())) })
  }
}
