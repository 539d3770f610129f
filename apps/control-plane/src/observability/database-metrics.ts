import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What the database's observer tells. */
export interface DatabaseMetrics {
  lost(): void
  repeated(what: 'read' | 'change', why: string): void
  returned(goneMs: number): void
  countConnectionsBy(count: () => ConnectionCount): void
}

interface ConnectionCount {
  busy: number
  idle: number
  waiting: number
}

export function createDatabaseMetrics(registers: Registry[]): DatabaseMetrics {
  const lost = new Counter({
    name: 'postern_database_connections_lost_total',
    help: 'Connections to the database that broke with a statement under way',
    registers,
  })
  const repeated = new Counter({
    name: 'postern_database_repeats_total',
    help: 'Reads, and changes as a whole, that were run again, by why (serialization-failure, deadlock, stale-plan, connection-lost)',
    labelNames: ['what', 'why'],
    registers,
  })
  const gone = new Histogram({
    name: 'postern_database_outage_seconds',
    help: 'How long no connection to the database came about, until one did',
    buckets: [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300],
    registers,
  })
  let countConnections: (() => ConnectionCount) | undefined
  const connections = new Gauge({
    name: 'postern_database_connections',
    help: 'Connections to the database, busy and idle, and the requests that wait for one',
    labelNames: ['state'],
    registers,
    collect: () => {
      for (const [state, count] of Object.entries(countConnections?.() ?? {}))
        connections.set({ state }, count)
    },
  })
  return {
    lost: () => lost.inc(),
    repeated: (what, why) => repeated.inc({ what, why }),
    returned: (goneMs) => gone.observe(goneMs / 1000),
    countConnectionsBy: (count) => {
      countConnections = count
    },
  }
}
