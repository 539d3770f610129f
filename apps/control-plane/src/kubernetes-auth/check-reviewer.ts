import { ApiError } from '../http/api-error.ts'
import type { ReviewFailure, ReviewOutcome } from '../login/token-reviewer.ts'
import type { AskApiServer } from './ask-api-server.ts'
import { checkPool, type PassedOver, type PoolToCheck } from './check-pool.ts'
import {
  type ChooseReviewer,
  connectionTargetOf,
  gatewayTargetOf,
  type ReviewerSettings,
} from './choose-reviewer.ts'
import { readJwtPayload } from './settings-warnings.ts'

/**
 * Tries, before it is saved, whether a configuration can review. Throws ApiErrors for the operator.
 * @returns the members of a pool that could not be tried, while others can review
 */
export type CheckReviewer = (settings: ReviewerSettings) => Promise<readonly PassedOver[]>

export interface CheckReviewerDependencies {
  ask: AskApiServer
  chooseReviewer: ChooseReviewer
  findGateway: (
    gatewayId: string,
    organizationId: string,
  ) => Promise<{ name: string; revokedAt: Date | null } | undefined>
  findPool: (gatewayPoolId: string, organizationId: string) => Promise<PoolToCheck | undefined>
  nowMs: () => number
}

/** All of a check together: an API server that hangs delays its own configuration, and nobody else's. */
const checkBudgetMs = 10_000
/** No API server can find this valid, so asking about it shows the right to ask, and nothing else. */
const impossibleToken = 'postern-checks-whether-it-may-review-tokens'

export function createCheckReviewer(dependencies: CheckReviewerDependencies): CheckReviewer {
  const { ask, chooseReviewer, findGateway, findPool, nowMs } = dependencies

  async function checkGateway(settings: ReviewerSettings, gatewayId: string): Promise<void> {
    const gateway = await findGateway(gatewayId, settings.organizationId)
    if (gateway === undefined) throw new ApiError('NotFound', `There is no gateway ${gatewayId}`)
    if (gateway.revokedAt !== null) {
      throw refusal('gateway-unavailable', `The gateway ${gateway.name} is revoked: enrol it again`)
    }
    await checkThrough(settings, gateway.name, checkBudgetMs)
  }

  async function checkEachMember(settings: ReviewerSettings, gatewayPoolId: string): Promise<PassedOver[]> {
    const pool = await findPool(gatewayPoolId, settings.organizationId)
    if (pool === undefined) throw new ApiError('NotFound', `There is no gateway pool ${gatewayPoolId}`)
    return checkPool(pool, {
      checkMember: ({ gatewayId, gatewayName }, budgetMs) =>
        checkThrough({ ...settings, gatewayId, gatewayPoolId: null }, gatewayName, budgetMs),
      nowMs,
      budgetMs: checkBudgetMs,
    })
  }

  async function checkThrough(
    settings: ReviewerSettings,
    gatewayName: string,
    budgetMs: number,
  ): Promise<void> {
    if (settings.tokenReviewMode === 'api') {
      await checkApiServer(settings, `The gateway ${gatewayName}`, budgetMs)
      return
    }
    const reviewer = chooseReviewer(settings)
    const outcome = await reviewer.review({ token: impossibleToken, audiences: [], budgetMs })
    judgeProbe(outcome, `The gateway ${gatewayName}`, '<namespace>:<the gateway’s service account>')
  }

  async function checkApiServer(
    settings: ReviewerSettings,
    dialler: string,
    budgetMs: number,
  ): Promise<void> {
    const deadlineMs = nowMs() + budgetMs
    const target = connectionTargetOf(settings)
    const version = await ask(target, { method: 'GET', path: '/version', budgetMs })
    const { origin } = target.host
    if (version.kind === 'failed') {
      if (version.failure === 'host-not-allowed' && target.via !== undefined) {
        throw refusal(version.failure, `${dialler} may not connect to ${origin} (${version.detail})`)
      }
      throw refusalOfFailure(version.failure, `${origin}: ${version.detail}`, dialler)
    }
    if (version.status >= 500) {
      throw refusal('api-server-error', `${origin} answered /version with ${version.status}`)
    }
    // A workload that reviews with its own token shows its right when it logs in.
    if (settings.tokenReviewerJwt === null) return
    const outcome = await chooseReviewer(settings).review({
      token: impossibleToken,
      audiences: [],
      budgetMs: deadlineMs - nowMs(),
    })
    judgeProbe(outcome, 'The token reviewer JWT', serviceAccountOf(settings.tokenReviewerJwt))
  }

  return async (settings) => {
    const target = gatewayTargetOf(settings)
    if (target?.kind === 'pool') return checkEachMember(settings, target.gatewayPoolId)
    if (target === undefined) await checkApiServer(settings, 'The control plane', checkBudgetMs)
    else await checkGateway(settings, target.gatewayId)
    return []
  }
}

function judgeProbe(outcome: ReviewOutcome, reviewer: string, serviceAccount: string): void {
  if (outcome.kind === 'reviewed') {
    if (!outcome.verdict.authenticated) return
    throw refusal(
      'malformed-answer',
      'What answers as the API server vouches for a token that cannot be valid: it is not the Kubernetes API',
    )
  }
  if (outcome.failure === 'reviewer-forbidden') {
    throw refusal(
      outcome.failure,
      `${reviewer} may not review tokens. Give it the right: kubectl create clusterrolebinding ` +
        `postern-token-review --clusterrole=system:auth-delegator --serviceaccount=${serviceAccount}`,
    )
  }
  if (outcome.failure === 'reviewer-unauthorized') {
    throw refusal(
      outcome.failure,
      `${reviewer} is not accepted by the cluster (401): it has expired, or belongs to another cluster. ` +
        'A new one: kubectl create token <service account> --namespace <namespace>; it needs the right to review: ' +
        'kubectl create clusterrolebinding postern-token-review --clusterrole=system:auth-delegator ' +
        `--serviceaccount=${serviceAccount}`,
    )
  }
  throw refusalOfFailure(outcome.failure, outcome.detail, reviewer)
}

const meanings: Record<ReviewFailure, string> = {
  'api-server-unreachable':
    'cannot reach the API server. Check host, port and firewalls; for a private cluster use a gateway',
  'api-server-timeout':
    'got no answer from the API server in time. Check that nothing on the path drops packets',
  'api-server-overloaded': 'was turned away by the API server, which is overloaded. Try again',
  'api-server-error': 'got an error from the API server. Its own log says more',
  'reviewer-unauthorized': 'is not accepted by the cluster',
  'reviewer-forbidden': 'may not review tokens',
  'tls-failed':
    'cannot trust the API server’s certificate. Give the cluster’s CA certificate, and a host name that it is for',
  // What helps depends on the address; the detail says it.
  'host-not-allowed': 'may not connect to that host',
  'malformed-answer': 'got an answer that is no TokenReview. Check that the host is an API server',
  'gateway-unavailable': 'is not connected. Start it, or read its log; it says what keeps it from connecting',
  'gateway-overloaded': 'is at its limit of reviews. Try again',
  'deadline-exceeded': 'did not answer in time',
}

function refusalOfFailure(failure: ReviewFailure, detail: string, subject: string): ApiError {
  return refusal(failure, `${subject} ${meanings[failure]} (${detail})`)
}

function refusal(reason: ReviewFailure, message: string): ApiError {
  return new ApiError('BadRequest', message, { details: { reason } })
}

/** `namespace:name` of the service account that a token says it belongs to. */
function serviceAccountOf(jwt: string): string {
  const subject = readJwtPayload(jwt)?.['sub']
  const match =
    typeof subject === 'string' ? /^system:serviceaccount:([a-z0-9-]+:[a-z0-9.-]+)$/.exec(subject) : null
  return match?.[1] ?? '<namespace>:<service account>'
}
