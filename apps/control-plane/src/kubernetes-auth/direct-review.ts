import { buildTokenReview, readTokenReview, tokenReviewPath } from '@postern/token-review'
import type { ReviewFailure, ReviewOutcome, ReviewRoute, TokenReviewer } from '../login/token-reviewer.ts'
import type { ApiServerAnswer, AskApiServer } from './ask-api-server.ts'
import type { ConnectionTarget } from './kubernetes-connections.ts'

/** How the control plane itself asks an API server. */
export interface DirectReview {
  target: ConnectionTarget
  /** Without one, the token under review vouches for itself: its owner then needs the right to review tokens. */
  reviewerJwt: string | undefined
}

const reviewBudgetMsMax = 10_000

/** A reviewer that posts the TokenReview to the API server, over a connection of the control plane or through a gateway. */
export function createDirectReviewer(
  ask: AskApiServer,
  { target, reviewerJwt }: DirectReview,
): TokenReviewer {
  const via: ReviewRoute = {
    reviewer: reviewerJwt === undefined ? 'client-jwt' : 'stored-jwt',
    host: target.host.origin,
    ...carrierOf(target),
  }
  return {
    async review({ token, audiences, budgetMs, signal }) {
      const answer = await ask(target, {
        method: 'POST',
        path: tokenReviewPath,
        bearer: reviewerJwt ?? token,
        body: JSON.stringify(buildTokenReview(token, audiences)),
        budgetMs: Math.min(budgetMs, reviewBudgetMsMax),
        signal,
      })
      return readAnswer(answer, via)
    },
  }
}

function carrierOf({ via }: ConnectionTarget): { gatewayId?: string; gatewayPoolId?: string } {
  if (via === undefined) return {}
  const { target } = via
  return target.kind === 'gateway' ? { gatewayId: target.gatewayId } : { gatewayPoolId: target.gatewayPoolId }
}

function readAnswer(answer: ApiServerAnswer, via: ReviewRoute): ReviewOutcome {
  if (answer.kind === 'failed') return { ...answer, via }
  const { status, retryAfterSeconds, text } = answer
  if (status !== 200 && status !== 201) {
    return {
      kind: 'failed',
      failure: failureOfStatus(status),
      detail: `the API server answered ${status}`,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      via,
    }
  }
  const read = readTokenReview(parseJson(text))
  if (read.kind === 'verdict') return { kind: 'reviewed', verdict: read.verdict, via }
  return { kind: 'failed', failure: 'malformed-answer', detail: read.reason, via }
}

/** Statuses of the Kubernetes API (API conventions, "HTTP status codes"). Redirects are not followed. */
function failureOfStatus(status: number): ReviewFailure {
  if (status === 401) return 'reviewer-unauthorized'
  if (status === 403) return 'reviewer-forbidden'
  if (status === 429) return 'api-server-overloaded'
  return 'api-server-error'
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    // Not JSON reads the same as JSON that is no TokenReview: malformed.
    return undefined
  }
}
