/** Why one tunnel was asked. */
export type AskingKind = 'first' | 'retry' | 'hedge' | 'canary'

/** Why a tunnel is asked while another still has the review. */
export type HedgeReason = 'not-accepted' | 'beyond-p99'

/** What was held against a gateway process or a tunnel. */
export type Blame =
  /** Another tunnel that was asked later, or beside a canary, had answered by then. */
  | 'late'
  | 'timed-out'
  | 'tunnel-lost'
  | 'mismatched'
  /** A failure that the gateway named, such as an API server that it does not reach. */
  | 'failed'

/** What choosing among gateways does, for metrics. Every call is synchronous and must not throw. */
export interface ReviewObserver {
  /** One asking of one tunnel has ended; the outcome is of a closed set. */
  asked: (kind: AskingKind, outcome: string) => void
  /** A hedge was sent, by what was waited for. */
  hedged: (reason: HedgeReason) => void
  ejected: (what: 'process' | 'tunnel', reason: Blame) => void
  readmitted: (what: 'process' | 'tunnel') => void
  /** A second asking had to wait, or was left out. */
  retryBudgetExhausted: (kind: AskingKind) => void
  /** A tunnel had as many reviews as its gateway takes. */
  creditsExhausted: () => void
  /** A review was not asked because the cluster's API server wants to be left alone. */
  pausedForApiServer: () => void
}

export const silentReviewObserver: ReviewObserver = {
  asked: () => undefined,
  hedged: () => undefined,
  ejected: () => undefined,
  readmitted: () => undefined,
  retryBudgetExhausted: () => undefined,
  creditsExhausted: () => undefined,
  pausedForApiServer: () => undefined,
}
