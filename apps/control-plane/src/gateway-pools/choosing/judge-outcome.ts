import type { FailureCode } from '@postern/protocol'
import type { AttemptOutcome } from '../../gateways/review-attempt.ts'
import type { ReviewFailure } from '../../login/token-reviewer.ts'

/**
 * What follows from an outcome for its review.
 *
 * - `final`: the API server has judged the reviewer, or has answered with what vouches for nobody. Nobody else is asked,
 *   and nobody who was asked is waited for (D7).
 * - `shared-fate`: every member would meet the same API server: nobody else is asked.
 * - `elsewhere`: of this gateway alone; another may do better.
 * - `crowded`: as elsewhere, and there is no use in waiting for it.
 */
export type FollowUp = 'final' | 'shared-fate' | 'elsewhere' | 'crowded'

interface FailureRule {
  failure: ReviewFailure
  followUp: FollowUp
  /** Held against the gateway process. */
  isItsFault?: true
}

const itsFault = { followUp: 'elsewhere', isItsFault: true } as const

const failureRules: Record<FailureCode, FailureRule> = {
  'reviewer-unauthorized': { failure: 'reviewer-unauthorized', followUp: 'final' },
  'reviewer-forbidden': { failure: 'reviewer-forbidden', followUp: 'final' },
  'malformed-answer': { failure: 'malformed-answer', followUp: 'final' },
  'api-server-overloaded': { failure: 'api-server-overloaded', followUp: 'shared-fate' },
  'api-server-error': { failure: 'api-server-error', followUp: 'shared-fate' },
  deadline: { failure: 'deadline-exceeded', followUp: 'shared-fate' },
  'api-server-unreachable': { failure: 'api-server-unreachable', ...itsFault },
  'api-server-timeout': { failure: 'api-server-timeout', ...itsFault },
  'tls-failed': { failure: 'tls-failed', ...itsFault },
  internal: { failure: 'gateway-unavailable', ...itsFault },
  unspecified: { failure: 'gateway-unavailable', ...itsFault },
  unsupported: { failure: 'gateway-unavailable', ...itsFault },
  draining: { failure: 'gateway-unavailable', followUp: 'elsewhere' },
  overloaded: { failure: 'gateway-overloaded', followUp: 'crowded' },
}

export function ruleOf(code: FailureCode): FailureRule {
  return failureRules[code]
}

export function followUpOf(outcome: AttemptOutcome): FollowUp {
  switch (outcome.kind) {
    case 'tunnel-lost':
    case 'no-route':
    case 'mismatched':
    case 'other-cluster':
      return 'elsewhere'
    case 'full':
      return 'crowded'
    case 'failed':
      return ruleOf(outcome.code).followUp
    case 'timed-out':
      return 'shared-fate'
    case 'reviewed':
    case 'unsendable':
    case 'cancelled':
      return 'final'
    default:
      return outcome satisfies never
  }
}

/** In the audit log and in metrics: closed. */
export function labelOf(outcome: AttemptOutcome): string {
  if (outcome.kind === 'failed') return outcome.code
  if (outcome.kind === 'reviewed') return outcome.verdict.authenticated ? 'authenticated' : 'refused'
  return outcome.kind
}

/** Its tunnel went away: there may be another in a moment. */
export function isLoss(outcome: AttemptOutcome | undefined): boolean {
  return outcome?.kind === 'tunnel-lost' || outcome?.kind === 'no-route'
}

/** Another gateway may do better. */
export function isElsewhere(outcome: AttemptOutcome): boolean {
  const followUp = followUpOf(outcome)
  return followUp === 'elsewhere' || followUp === 'crowded'
}

/** The gateway itself answered, and to no use: on its other tunnels it would say the same. */
export function hasAnsweredInVain({ kind }: AttemptOutcome): boolean {
  return kind === 'failed' || kind === 'mismatched' || kind === 'other-cluster'
}
