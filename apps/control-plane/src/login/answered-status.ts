import type { AuditOutcome } from '../audit/audit-event.ts'
import { type LoginDenialReason, isLoginDenialReason } from '../audit/audit-reason.ts'
import { type Answer, answerOf } from './login-denial.ts'

const statusOf: Record<Answer, number> = {
  refused: 401,
  rule: 401,
  unavailable: 503,
  timeout: 504,
  'rate-limited': 429,
}

/** The HTTP status that a login of this outcome was answered with; null where this version does not know the reason. */
export function answeredStatusOf(outcome: AuditOutcome, reason: string | null): number | null {
  if (outcome === 'success') return 200
  if (reason === 'internal-error') return 500
  if (reason === 'address-not-trusted') return 403
  if (reason === null) return null
  if (isLoginDenialReason(reason))
    return statusOf[answerOf({ reason } satisfies { reason: LoginDenialReason })]
  // Whatever else a client secret may be refused for is told to nobody.
  return outcome === 'denied' ? 401 : null
}
