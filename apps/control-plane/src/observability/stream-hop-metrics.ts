import { Counter, Gauge, type Registry } from 'prom-client'

/** What the observer of raw streams between replicas tells. */
export interface StreamHopMetrics {
  /** Asked whenever metrics are read. */
  countStreamHopsBy(count: () => { incoming: number; outgoing: number }): void
  streamHopRefused(reason: string): void
  streamHopFailed(reason: string): void
}

export function createStreamHopMetrics(registers: Registry[]): StreamHopMetrics {
  let countHops: Parameters<StreamHopMetrics['countStreamHopsBy']>[0] | undefined
  const open = new Gauge({
    name: 'postern_stream_hops_open',
    help: 'Direct connections between replicas, each of which carries a raw stream, by direction: incoming (for another replica) or outgoing',
    labelNames: ['direction'],
    registers,
    collect() {
      const { incoming, outgoing } = countHops?.() ?? { incoming: 0, outgoing: 0 }
      open.set({ direction: 'incoming' }, incoming)
      open.set({ direction: 'outgoing' }, outgoing)
    },
  })
  const refused = new Counter({
    name: 'postern_stream_hops_refused_total',
    help: 'Connections to POSTERN_REPLICA_LISTEN that came to nothing, by why (not-proven: the caller does not know the instance secret; malformed, timeout, closed, overloaded)',
    labelNames: ['reason'],
    registers,
  })
  const failed = new Counter({
    name: 'postern_stream_hop_failures_total',
    help: 'Connections to other replicas that came to nothing, by why (unreachable, timeout, closed, malformed, not-proven); another candidate may have carried the stream',
    labelNames: ['reason'],
    registers,
  })
  return {
    countStreamHopsBy: (count) => {
      countHops = count
    },
    streamHopRefused: (reason) => refused.inc({ reason }),
    streamHopFailed: (reason) => failed.inc({ reason }),
  }
}
