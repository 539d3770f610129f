import { readTokenReview } from '@postern/token-review'
import type { ExchangeFailure, ExchangeOutcome, HttpAnswer } from '../http/exchange.ts'
import { readRetryAfter } from '../http/read-retry-after.ts'
import type { ReviewFailure, ReviewResult } from './review-token.ts'

/** What an exchange with the API server means for a review. Bodies of failures are not repeated: they may echo. */
export function readReviewAnswer(outcome: ExchangeOutcome): ReviewResult {
  if (outcome.kind === 'failure') {
    return { kind: 'failed', failure: failures[outcome.failure], detail: `API server: ${outcome.detail}` }
  }
  if (outcome.status === 200 || outcome.status === 201) return readVerdict(outcome)
  const retryAfterSeconds = readRetryAfter(outcome.headers)
  return {
    kind: 'failed',
    failure: failureOfStatus(outcome.status),
    detail: `API server: ${meaningOfStatus(outcome.status)} (status ${outcome.status})`,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}

const failures: Record<ExchangeFailure['failure'], ReviewFailure> = {
  unreachable: 'api-server-unreachable',
  reset: 'api-server-unreachable',
  timeout: 'api-server-timeout',
  tls: 'tls-failed',
  malformed: 'malformed-answer',
  cancelled: 'deadline-exceeded',
}

function readVerdict(answer: HttpAnswer): ReviewResult {
  let json: unknown
  try {
    json = JSON.parse(answer.body)
  } catch {
    return { kind: 'failed', failure: 'malformed-answer', detail: 'API server: the answer is not JSON' }
  }
  const read = readTokenReview(json)
  if (read.kind === 'verdict') return { kind: 'reviewed', verdict: read.verdict }
  return { kind: 'failed', failure: 'malformed-answer', detail: `API server: ${read.reason}` }
}

function failureOfStatus(status: number): ReviewFailure {
  if (status === 401) return 'reviewer-unauthorized'
  if (status === 403) return 'reviewer-forbidden'
  if (status === 429) return 'api-server-overloaded'
  return 'api-server-error'
}

function meaningOfStatus(status: number): string {
  if (status === 401) return "it does not take the gateway's own token: is its service account still there?"
  if (status === 403)
    return 'the gateway may not review tokens: bind its service account to system:auth-delegator'
  if (status === 429) return 'it is overloaded'
  if (status >= 500) return 'it failed'
  if (status >= 300 && status < 400) return 'it redirects, which is not followed: is this its own address?'
  return 'it refused the review'
}
