import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What the observer of reviews between replicas tells. */
export interface RemoteMetrics {
  countRemoteBy(count: () => { replicas: number; tunnels: number }): void
  remoteReviewEnded(outcome: string, hopMs: number | undefined): void
  remoteReviewServed(outcome: string): void
  presenceDropped(reason: string): void
}

const hopBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5]

export function createRemoteMetrics(registers: Registry[]): RemoteMetrics {
  const ended = new Counter({
    name: 'postern_remote_reviews_total',
    help: 'Reviews on tunnels that other replicas hold, by outcome; no-route is a tunnel that had just gone: another was asked at once',
    labelNames: ['outcome'],
    registers,
  })
  const hopSeconds = new Histogram({
    name: 'postern_remote_review_hop_seconds',
    help: 'What the way to the replica that holds the tunnel, and back, took of a review',
    buckets: hopBuckets,
    registers,
  })
  const served = new Counter({
    name: 'postern_remote_reviews_served_total',
    help: 'Reviews that other replicas asked for on tunnels of this one, by outcome',
    labelNames: ['outcome'],
    registers,
  })
  const dropped = new Counter({
    name: 'postern_replica_presence_dropped_total',
    help: 'What other replicas said of their tunnels and was dropped, by why: malformed, too-many',
    labelNames: ['reason'],
    registers,
  })
  return {
    countRemoteBy: createCountMetrics(registers),
    remoteReviewEnded: (outcome, hopMs) => {
      ended.inc({ outcome })
      if (hopMs !== undefined) hopSeconds.observe(hopMs / 1000)
    },
    remoteReviewServed: (outcome) => served.inc({ outcome }),
    presenceDropped: (reason) => dropped.inc({ reason }),
  }
}

function createCountMetrics(registers: Registry[]): RemoteMetrics['countRemoteBy'] {
  let countRemote: (() => { replicas: number; tunnels: number }) | undefined
  const replicas = new Gauge({
    name: 'postern_other_replicas',
    help: 'Other replicas that were heard of lately',
    registers,
    collect() {
      const count = countRemote?.()
      replicas.set(count?.replicas ?? 0)
      tunnels.set(count?.tunnels ?? 0)
    },
  })
  // After the one that sets it: metrics are read in this order.
  const tunnels = new Gauge({
    name: 'postern_remote_tunnels',
    help: 'Tunnels that other replicas say that they hold',
    registers,
  })
  return (count) => {
    countRemote = count
  }
}
