import type { AttemptOutcome } from '../../gateways/review-attempt.ts'
import type { ReviewFailure } from '../../login/token-reviewer.ts'
import type { RouteNames } from './describe-route.ts'
import { ruleOf } from './judge-outcome.ts'
import type { ApiServerPause } from './shared-fate.ts'

export interface DescribedFailure {
  failure: ReviewFailure
  detail: string
  retryAfterSeconds?: number
}

/** When nothing better is known: a gateway that is about to return does so within this. */
const retryAfterSecondsDefault = 5
const overloadedRetryAfterSeconds = 1
/** However long a gateway sends callers away. */
const retryAfterMsMax = 300_000

/** What a login is told when no asking of its review came to a verdict. */
export function describeFailure(outcome: AttemptOutcome): DescribedFailure {
  switch (outcome.kind) {
    case 'tunnel-lost':
    case 'no-route':
      return unavailable(`the tunnel was lost: ${outcome.detail}`)
    case 'mismatched':
      return unavailable('the gateway answered with the verdict of another review, which was discarded')
    case 'other-cluster':
      return unavailable('the gateway stands in another cluster than its pool; its verdict was discarded')
    case 'full':
      return {
        failure: 'gateway-overloaded',
        detail: 'the gateway has as many reviews as it takes',
        retryAfterSeconds: overloadedRetryAfterSeconds,
      }
    case 'unsendable':
      return unavailable(`the review does not fit a frame: ${outcome.detail}`)
    case 'timed-out':
      return {
        failure: 'deadline-exceeded',
        detail: outcome.accepted
          ? 'the gateway accepted the review and did not answer'
          : 'the gateway did not answer',
      }
    case 'cancelled':
      return { failure: 'deadline-exceeded', detail: 'the caller has left' }
    case 'failed':
      return describeGatewayFailure(outcome)
    case 'reviewed':
      return unavailable('a verdict is no failure')
    default:
      return outcome satisfies never
  }
}

/** What it is told when there was nobody to ask. */
export function describeNobody({ gatewayPoolId }: RouteNames): DescribedFailure {
  if (gatewayPoolId === undefined) return unavailable('the gateway has no tunnel')
  return unavailable('no gateway of the pool has a tunnel to its cluster')
}

export function unavailable(detail: string): DescribedFailure {
  return { failure: 'gateway-unavailable', detail, retryAfterSeconds: retryAfterSecondsDefault }
}

/** The cluster's API server asked to be left alone: that is no fault of a gateway. */
export function describePause({ failure, remainingMs }: ApiServerPause): DescribedFailure {
  return {
    failure,
    detail: 'the API server of the cluster asked to be left alone for a while',
    retryAfterSeconds: Math.ceil(remainingMs / 1000),
  }
}

function describeGatewayFailure({
  code,
  detail,
  retryAfterMs,
}: Extract<AttemptOutcome, { kind: 'failed' }>): DescribedFailure {
  const { failure } = ruleOf(code)
  const retryAfterSeconds =
    retryAfterMs > 0 ? Math.ceil(Math.min(retryAfterMs, retryAfterMsMax) / 1000) : usualRetryAfter(failure)
  return {
    failure,
    detail: `${code}: ${detail}`,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}

function usualRetryAfter(failure: ReviewFailure): number | undefined {
  if (failure === 'gateway-overloaded') return overloadedRetryAfterSeconds
  return failure === 'gateway-unavailable' ? retryAfterSecondsDefault : undefined
}
