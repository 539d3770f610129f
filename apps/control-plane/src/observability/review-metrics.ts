import { Counter, type Registry } from 'prom-client'

/** What the observer of choosing among gateways tells. No label is an id. */
export interface ReviewMetrics {
  asked(kind: string, outcome: string): void
  hedged(reason: string): void
  ejected(what: string, reason: string): void
  readmitted(what: string): void
  retryBudgetExhausted(kind: string): void
  creditsExhausted(): void
  pausedForApiServer(): void
}

export function createReviewMetrics(registers: Registry[]): ReviewMetrics {
  const counter = <Label extends string>(
    name: string,
    help: string,
    ...labelNames: Label[]
  ): Counter<Label> => new Counter({ name, help, labelNames, registers })
  const attempts = counter(
    'postern_review_attempts_total',
    'Tunnels that were asked for a review, by why (first, retry, hedge, canary) and outcome; overtaken means late: a tunnel that was asked later had answered by then',
    'kind',
    'outcome',
  )
  const hedges = counter(
    'postern_review_hedges_total',
    'Reviews for which a second tunnel was asked beside the first: not-accepted (it gave no sign) or beyond-p99 (it took longer than nearly all others)',
    'reason',
  )
  const ejections = counter(
    'postern_gateway_ejections_total',
    'Gateway processes and tunnels that are left alone for a while, by what the last failure was',
    'what',
    'reason',
  )
  const readmissions = counter(
    'postern_gateway_readmissions_total',
    'Gateway processes and tunnels that were left alone and answer again',
    'what',
  )
  const budget = counter(
    'postern_review_retry_budget_exhausted_total',
    'Second askings that had to wait or were left out, because a fifth of the live reviews, or three, were asked twice already',
    'kind',
  )
  const credits = counter(
    'postern_tunnel_credits_exhausted_total',
    'Times that a tunnel was passed over because it had as many reviews as its gateway takes',
  )
  const pauses = counter(
    'postern_review_api_server_pauses_total',
    'Reviews that were not asked because the API server of their cluster wants to be left alone (Retry-After)',
  )
  return {
    asked: (kind, outcome) => attempts.inc({ kind, outcome }),
    hedged: (reason) => hedges.inc({ reason }),
    ejected: (what, reason) => ejections.inc({ what, reason }),
    readmitted: (what) => readmissions.inc({ what }),
    retryBudgetExhausted: (kind) => budget.inc({ kind }),
    creditsExhausted: () => credits.inc(),
    pausedForApiServer: () => pauses.inc(),
  }
}
