import type { AuditOutcome } from '../audit/audit-event.ts'
import type { LoginDenialReason } from '../audit/audit-reason.ts'
import { ApiError } from '../http/api-error.ts'
import type { RuleCheck } from '../kubernetes-auth/kubernetes-auth-rules.ts'

/** Why a login ends without an access token. All but the reason is for the audit log alone. */
export interface LoginDenial {
  reason: LoginDenialReason
  /** May name hosts and addresses; never holds a token. */
  detail?: string
  checks?: readonly RuleCheck[]
  retryAfterSeconds?: number
}

/** What a check of the login comes to: a value to go on with, or the end. */
export type CheckResult<Value> = { ok: true; value: Value } | { ok: false; denial: LoginDenial }

export function passed<Value>(value: Value): { ok: true; value: Value } {
  return { ok: true, value }
}

export function denied(
  reason: LoginDenialReason,
  more: Omit<LoginDenial, 'reason'> = {},
): CheckResult<never> {
  return { ok: false, denial: { reason, ...more } }
}

/**
 * What the caller sees.
 *
 * - `refused`: the cluster has not vouched for the caller, so whoever it is learns nothing: one status, one body.
 * - `rule`: the cluster vouched for a workload of its own, which may know the class of rule that stopped it.
 * - `unavailable`, `timeout`: nobody could be asked. The token may be good, so the client is told to come again.
 */
export type Answer = 'refused' | 'rule' | 'unavailable' | 'timeout' | 'rate-limited'

interface DenialRule {
  answer: Answer
  outcome: Exclude<AuditOutcome, 'success'>
  /** Decided here, without asking the cluster: all of these take equal time (T29). */
  isBeforeReview?: true
}

const beforeReview: DenialRule = { answer: 'refused', outcome: 'denied', isBeforeReview: true }
const refused: DenialRule = { answer: 'refused', outcome: 'denied' }
const rule: DenialRule = { answer: 'rule', outcome: 'denied' }
const unavailable: DenialRule = { answer: 'unavailable', outcome: 'failed' }
const timeout: DenialRule = { answer: 'timeout', outcome: 'failed' }

/**
 * A reviewer without rights (401 or 403 for the reviewer itself) is the operator's fault, yet it is answered like a bad
 * token. It is an answer of the cluster, not a fault on the way there: asking again changes nothing, so a 503 would
 * only make every client retry against it; and it would tell strangers which identities are misconfigured and, where the
 * token vouches for itself, which of their tokens the cluster knows. Operators learn it from the audit log, which has
 * the remedy, and from the metrics, where it counts as `failed` and not as `denied`.
 */
const reviewerAtFault: DenialRule = { answer: 'refused', outcome: 'failed' }

const rules: Record<LoginDenialReason, DenialRule> = {
  'identity-unknown': beforeReview,
  'identity-disabled': beforeReview,
  'kubernetes-auth-missing': beforeReview,
  'organization-mismatch': beforeReview,
  'token-malformed': beforeReview,
  'token-expired': beforeReview,
  'rate-limited': { answer: 'rate-limited', outcome: 'denied', isBeforeReview: true },
  'token-not-authenticated': refused,
  'review-audience-missing': refused,
  'username-malformed': refused,
  'service-account-group-missing': refused,
  // The server answered, and what it said vouches for nobody (T1).
  'malformed-answer': refused,
  'reviewer-unauthorized': reviewerAtFault,
  'reviewer-forbidden': reviewerAtFault,
  'namespace-not-allowed': rule,
  'name-not-allowed': rule,
  'audience-not-allowed': rule,
  'api-server-unreachable': unavailable,
  'api-server-overloaded': unavailable,
  'api-server-error': unavailable,
  'tls-failed': unavailable,
  'host-not-allowed': unavailable,
  'gateway-unavailable': unavailable,
  'gateway-overloaded': unavailable,
  'configuration-changed': unavailable,
  'api-server-timeout': timeout,
  'deadline-exceeded': timeout,
  'caller-left': timeout,
}

const retryAfterSecondsDefault = 5
/** To everybody who has not proved anything, whichever way they log in. */
export const refusedMessage =
  'The login was refused. Whoever runs Postern finds the reason in the audit log under this request id'

/** The refusal as the caller sees it (D4). It names no host, no address and nothing that a cluster said (T30). */
export function loginError({ reason, retryAfterSeconds }: LoginDenial): ApiError {
  // An API server may say 0, and all of its callers would come back at once.
  const wait = { retryAfterSeconds: Math.max(1, retryAfterSeconds ?? retryAfterSecondsDefault) }
  switch (rules[reason].answer) {
    case 'rule':
      return new ApiError('Unauthorized', ruleMessage(reason))
    case 'unavailable':
      return new ApiError('ServiceUnavailable', 'The cluster cannot be asked at the moment. Try again', wait)
    case 'timeout':
      return new ApiError('GatewayTimeout', 'The cluster did not answer in time. Try again')
    case 'rate-limited':
      return new ApiError('RateLimitExceeded', 'Too many logins failed. Try again later', wait)
    case 'refused':
    default:
      return new ApiError('Unauthorized', refusedMessage)
  }
}

export function outcomeOf({ reason }: LoginDenial): Exclude<AuditOutcome, 'success'> {
  return rules[reason].outcome
}

export function answerOf({ reason }: LoginDenial): Answer {
  return rules[reason].answer
}

export function isBeforeReview({ reason }: LoginDenial): boolean {
  return rules[reason].isBeforeReview === true
}

function ruleMessage(reason: LoginDenialReason): string {
  const what =
    reason === 'namespace-not-allowed' ? 'namespace' : reason === 'name-not-allowed' ? 'name' : 'audience'
  return `The login was refused: the ${what} of the service account is not allowed for this identity`
}
