import { Counter, Gauge, type Registry } from 'prom-client'

/** What the observer of raw streams tells. */
export interface StreamMetrics {
  streamRefused(reason: string): void
  /** Asked whenever metrics are read. */
  countStreamsBy(count: () => StreamCount): void
}

interface StreamCount {
  connections: number
  streams: number
}

export function createStreamMetrics(registers: Registry[]): StreamMetrics {
  let countStreams: (() => StreamCount) | undefined
  const connections = new Gauge({
    name: 'postern_stream_connections_open',
    help: 'Second connections of gateways, which carry raw streams for reviews in mode api',
    registers,
    collect() {
      const count = countStreams?.()
      connections.set(count?.connections ?? 0)
      streams.set(count?.streams ?? 0)
    },
  })
  // After the one that sets it: metrics are read in this order.
  const streams = new Gauge({
    name: 'postern_streams_open',
    help: 'Raw streams through gateways that are open or being opened',
    registers,
  })
  const refused = new Counter({
    name: 'postern_streams_refused_total',
    help: 'Raw streams that came to nothing at one gateway, by reason (host-not-allowed, unreachable, timeout, overloaded, connection-lost); another of the pool may have carried it',
    labelNames: ['reason'],
    registers,
  })
  return {
    streamRefused: (reason) => refused.inc({ reason }),
    countStreamsBy: (count) => {
      countStreams = count
    },
  }
}
