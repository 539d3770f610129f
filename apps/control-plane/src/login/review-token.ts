import type { TokenVerdict } from '@postern/token-review'
import type { LoginDenialReason } from '../audit/audit-reason.ts'
import { type CheckResult, denied, passed } from './login-denial.ts'
import type { ReviewOutcome, ReviewRequest, TokenReviewer } from './token-reviewer.ts'

export interface ReviewedToken {
  outcome: ReviewOutcome
  result: CheckResult<TokenVerdict>
}

/** Has the cluster look at the token. The outcome is kept beside the result, for the audit log. */
export async function reviewToken(reviewer: TokenReviewer, request: ReviewRequest): Promise<ReviewedToken> {
  const outcome = await reviewer.review(request)
  return { outcome, result: readOutcome(outcome, request.signal?.aborted === true) }
}

function readOutcome(outcome: ReviewOutcome, hasCallerLeft: boolean): CheckResult<TokenVerdict> {
  if (outcome.kind === 'reviewed') return passed(outcome.verdict)
  const { detail, retryAfterSeconds } = outcome
  return denied(hasCallerLeft ? 'caller-left' : reasonOf(outcome), {
    detail,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })
}

/** Where the token vouches for itself, a reviewer that is not accepted is the token under review. */
function reasonOf({ failure, via }: ReviewOutcome & { kind: 'failed' }): LoginDenialReason {
  return failure === 'reviewer-unauthorized' && via.reviewer === 'client-jwt'
    ? 'token-not-authenticated'
    : failure
}
