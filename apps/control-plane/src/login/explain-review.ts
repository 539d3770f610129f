import type { LoginExplanation } from '@postern/api-contract/audit-logs'
import { reasonTextOf } from '../audit/audit-reason.ts'
import type { LoginReview } from '../audit/login-details.ts'

type ExplainedReview = NonNullable<LoginExplanation['review']>
type ExplainedGateway = ExplainedReview['tried'][number]

/** What a gateway that was asked came to, beside the failures that are reasons of the audit log as well. */
const meanings: Readonly<Record<string, string>> = {
  authenticated: 'Its cluster vouched for the token.',
  refused: 'Its cluster looked at the token and refused it.',
  'tunnel-lost': 'Its tunnel was lost before it answered. Another gateway may be asked.',
  'no-route': 'Its tunnel had just left the replica that held it. Another one was asked in its place.',
  mismatched: 'It answered with the verdict of another review, which was discarded.',
  'other-cluster': 'It stands in another cluster than its pool; its verdict was discarded.',
  full: 'It had as many reviews as it takes.',
  unsendable: 'The review does not fit a frame.',
  'timed-out': 'It did not answer in time.',
  cancelled: 'Its answer was no longer needed: another one was faster, or the caller had left.',
  deadline: 'The time for the review was over before its API server answered.',
  draining: 'It was shutting down.',
  overloaded: 'It had as many reviews as it takes.',
  internal: 'It failed itself. Its log has the reason.',
  unsupported: 'Its version cannot do this review.',
}

/** @param names of the gateways by id */
export function explainReview(review: LoginReview, names: ReadonlyMap<string, string>): ExplainedReview {
  const { reviewer, host, gatewayId, gatewayPoolId, tunnelId, attempts, hedged, tried = [] } = review
  const last = tried.findLast((one) => one.tunnelId === tunnelId)
  const outcome = last?.outcome ?? 'asked'
  return {
    reviewer,
    description: descriptionOf(review),
    host: host ?? null,
    gatewayPoolId: gatewayPoolId ?? null,
    gateway: gatewayId === undefined ? null : gatewayOf({ gatewayId, tunnelId, outcome }, names),
    tried: tried.map((one) => gatewayOf(one, names)),
    attempts: attempts ?? null,
    hedged: hedged === true,
  }
}

/** Every gateway that the row names. */
export function gatewaysOf({ gatewayId, tried = [] }: LoginReview): Set<string> {
  return new Set([gatewayId, ...tried.map((one) => one.gatewayId)].filter((id) => id !== undefined))
}

function gatewayOf(
  { gatewayId, tunnelId, outcome }: { gatewayId: string; tunnelId: string | undefined; outcome: string },
  names: ReadonlyMap<string, string>,
): ExplainedGateway {
  return {
    gatewayId,
    gatewayName: names.get(gatewayId) ?? null,
    tunnelId: tunnelId ?? null,
    outcome,
    meaning: meanings[outcome] ?? reasonTextOf(outcome)?.meaning ?? 'It was asked.',
  }
}

function descriptionOf({ reviewer, gatewayId, gatewayPoolId }: LoginReview): string {
  const through = gatewayPoolId !== undefined || gatewayId !== undefined ? ' through a gateway' : ''
  switch (reviewer) {
    case 'stored-jwt':
      return `The API server was asked${through}, with the stored reviewer JWT`
    case 'client-jwt':
      return `The API server was asked${through}, with the token that was to be reviewed`
    case 'gateway':
    default:
      return gatewayPoolId === undefined
        ? 'The gateway asked its own API server, with its own right to review'
        : 'A gateway of the pool asked its own API server, with its own right to review'
  }
}
