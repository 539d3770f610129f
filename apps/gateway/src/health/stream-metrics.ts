import { Counter, Gauge, type Registry } from 'prom-client'

export interface StreamMetrics {
  /** By `code`, as the control plane is told: host-not-allowed, unreachable, timeout. */
  streamsRefused: Counter<'code'>
  /** Asked whenever metrics are read. */
  countStreamsBy: (count: () => number) => void
}

export function createStreamMetrics(registers: Registry[]): StreamMetrics {
  let countStreams: (() => number) | undefined
  const open = new Gauge({
    name: 'postern_gateway_streams_open',
    help: 'Raw streams to Kubernetes hosts that are open or being opened, for reviews in mode api',
    registers,
    collect() {
      open.set(countStreams?.() ?? 0)
    },
  })
  return {
    streamsRefused: new Counter({
      name: 'postern_gateway_streams_refused_total',
      help: 'Raw streams that were refused, by code; host-not-allowed means that POSTERN_ALLOWED_KUBERNETES_HOSTS does not list the host',
      labelNames: ['code'],
      registers,
    }),
    countStreamsBy: (count) => {
      countStreams = count
    },
  }
}
