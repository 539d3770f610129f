/**
 * What one of each costs, measured on two virtual cores that everything shares: CPU in microseconds. Each says
 * what prints it; on other machines the costs differ, and so does the table.
 */
export const measuredCosts = {
  /** `pnpm bench login --replicas 1,2,3`, `manyIdentities`: nothing that it needs is remembered, and the tunnel is local. */
  login: { controlPlaneMicros: 1_020, postgresMicros: 790 },
  /** The same, `hops`: what a login adds whose tunnel another replica holds. */
  hop: { requesterMicros: 210, holderMicros: 230, natsMicros: 140 },
  /** `pnpm bench presence`: a replica's word about one tunnel, to say and to hear. What is kept of it: the heap's growth by 40,000. */
  presence: { sayMicros: 7, hearMicros: 20, keptBytes: 2_500 },
  /** An idle tunnel with pings every 3 s, TLS in process: `pnpm chaos P11`, and what `P10` allows. */
  tunnel: { microsPerSecond: 58, bytes: 64_000 },
  /** `auditBytesPerEvent` of the first: a login's row with its indexes. */
  auditBytesPerEvent: 1_240,
  /** Resident, of a control plane under the load of the first. */
  replicaBytes: 400_000_000,
} as const

/** What is taken for granted of the database: a commit waits for a flush that has not begun yet, which takes so long. */
export const assumedDatabase = { flushMs: 1, statementMs: 0.5, perRowMs: 0.02 } as const
