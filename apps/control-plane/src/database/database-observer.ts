/** For metrics; every part is optional. */
export interface DatabaseObserver {
  /** A connection broke with a statement under way. */
  lost?: () => void
  /** A read, or a change as a whole, is run again. */
  repeated?: (what: 'read' | 'change', why: RepeatReason) => void
  /** No connection came about for so long, and now one does. */
  returned?: (goneMs: number) => void
}

export type RepeatReason = 'serialization-failure' | 'deadlock' | 'stale-plan' | 'connection-lost'
