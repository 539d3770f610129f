import type { FailureCode } from '@postern/protocol'
import type { ReviewFailure, ReviewOutcome, ReviewRequest, TokenReviewer } from '../login/token-reviewer.ts'
import type { AttemptOutcome } from '../gateways/review-attempt.ts'
import type { GatewaySession } from './gateway-session.ts'
import { hashToken } from '../gateways/token-hash.ts'
import type { TunnelRegistry } from './tunnel-registry.ts'

export interface ReviewThroughGatewayOptions {
  registry: Pick<TunnelRegistry, 'choose' | 'isReturning' | 'waitForTunnel'>
  gatewayId: string
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  /** How long a login waits for a gateway that was connected a moment ago, in milliseconds. */
  returnWaitMs?: number
}

const attemptsMax = 2
const returnWaitMsDefault = 3000
/** When nothing better is known: a gateway that is about to return does so within this, in seconds. */
const retryAfterSecondsDefault = 5
const overloadedRetryAfterSeconds = 1

const failures: Record<FailureCode, ReviewFailure> = {
  'api-server-unreachable': 'api-server-unreachable',
  'api-server-timeout': 'api-server-timeout',
  'api-server-overloaded': 'api-server-overloaded',
  'api-server-error': 'api-server-error',
  'reviewer-unauthorized': 'reviewer-unauthorized',
  'reviewer-forbidden': 'reviewer-forbidden',
  'tls-failed': 'tls-failed',
  'malformed-answer': 'malformed-answer',
  overloaded: 'gateway-overloaded',
  deadline: 'deadline-exceeded',
  draining: 'gateway-unavailable',
  unsupported: 'gateway-unavailable',
  internal: 'gateway-unavailable',
  unspecified: 'gateway-unavailable',
}

/** Failures of one gateway process; another process of the same gateway may do better. */
const worthAnotherTunnel: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'api-server-unreachable',
  'overloaded',
  'draining',
  'unsupported',
  'internal',
  'unspecified',
])

/** Login's port, implemented by the tunnels of one gateway. */
export function createReviewThroughGateway(options: ReviewThroughGatewayOptions): TokenReviewer {
  return { review: (request) => reviewThroughGateway(options, request) }
}

async function reviewThroughGateway(
  options: ReviewThroughGatewayOptions,
  request: ReviewRequest,
): Promise<ReviewOutcome> {
  const { registry, gatewayId, elapsed } = options
  if (request.budgetMs <= 0) {
    const via = { reviewer: 'gateway', gatewayId, attempts: 0 } as const
    return { kind: 'failed', failure: 'deadline-exceeded', detail: 'no time was left', via }
  }
  const { token, audiences, signal } = request
  const deadlineAt = elapsed() + request.budgetMs
  const tokenHash = hashToken(token)
  let asked: GatewaySession | undefined
  let outcome: AttemptOutcome | undefined
  let attempts = 0
  while (attempts < attemptsMax) {
    const tunnel =
      registry.choose(gatewayId, asked) ??
      (mayReturn(options, outcome) ? await returned(options, deadlineAt, signal) : undefined)
    if (tunnel === undefined) break
    attempts += 1
    asked = tunnel
    outcome = await tunnel.review({
      token,
      tokenHash,
      audiences,
      budgetMs: deadlineAt - elapsed(),
      attempt: attempts,
      signal,
    })
    if (outcome.kind === 'reviewed') {
      const { tunnelId } = tunnel
      return {
        kind: 'reviewed',
        verdict: outcome.verdict,
        via: { reviewer: 'gateway', gatewayId, tunnelId, attempts },
      }
    }
    if (!isWorthAnotherTunnel(outcome)) break
  }
  const via = {
    reviewer: 'gateway',
    gatewayId,
    attempts,
    ...(asked && { tunnelId: asked.tunnelId }),
  } as const
  return { kind: 'failed', ...describeFailure(outcome), via }
}

/** Waiting pays only for a tunnel that was there a moment ago. */
function mayReturn(options: ReviewThroughGatewayOptions, last: AttemptOutcome | undefined): boolean {
  if (last !== undefined && last.kind !== 'tunnel-lost') return false
  return options.registry.isReturning(options.gatewayId)
}

/** The tunnel with which the gateway comes back, if it does in time. */
async function returned(
  { registry, gatewayId, elapsed, returnWaitMs = returnWaitMsDefault }: ReviewThroughGatewayOptions,
  deadlineAt: number,
  signal: AbortSignal | undefined,
): Promise<GatewaySession | undefined> {
  const waitMs = Math.max(0, Math.min(deadlineAt - elapsed(), returnWaitMs))
  await registry.waitForTunnel(gatewayId, waitMs, signal)
  return registry.choose(gatewayId)
}

function isWorthAnotherTunnel(outcome: AttemptOutcome): boolean {
  switch (outcome.kind) {
    case 'tunnel-lost':
    case 'mismatched':
    case 'full':
      return true
    case 'failed':
      return worthAnotherTunnel.has(outcome.code)
    case 'reviewed':
    case 'unsendable':
    case 'timed-out':
    case 'cancelled':
      return false
    default:
      return outcome satisfies never
  }
}

interface Failed {
  failure: ReviewFailure
  detail: string
  retryAfterSeconds?: number
}

function describeFailure(outcome: AttemptOutcome | undefined): Failed {
  switch (outcome?.kind) {
    case undefined:
      return unavailable('the gateway has no tunnel')
    case 'tunnel-lost':
      return unavailable(`the tunnel was lost: ${outcome.detail}`)
    case 'mismatched':
      return unavailable('the gateway answered with the verdict of another review, which was discarded')
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
    default:
      return unavailable('a verdict is no failure')
  }
}

function describeGatewayFailure({
  code,
  detail,
  retryAfterMs,
}: Extract<AttemptOutcome, { kind: 'failed' }>): Failed {
  const failure = failures[code]
  const said = retryAfterMs > 0 ? Math.ceil(retryAfterMs / 1000) : undefined
  const retryAfterSeconds =
    said ??
    (failure === 'gateway-overloaded' ? overloadedRetryAfterSeconds : undefined) ??
    (failure === 'gateway-unavailable' ? retryAfterSecondsDefault : undefined)
  return {
    failure,
    detail: `${code}: ${detail}`,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}

function unavailable(detail: string): Failed {
  return { failure: 'gateway-unavailable', detail, retryAfterSeconds: retryAfterSecondsDefault }
}
