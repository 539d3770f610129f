import type { AttemptOutcome } from '../../gateways/review-attempt.ts'
import type { Asking } from './asking.ts'
import { mayEjectProcess, mayEjectTunnel } from './choose-tunnel.ts'
import { acceptedHedgeDelayMs } from './hedge-delay.ts'
import { ruleOf } from './judge-outcome.ts'
import type { ChoosingState, TargetState } from './pool-of-tunnels.ts'
import type { Blame } from './review-observer.ts'
import type { TunnelStanding } from './tunnel-standing.ts'

export interface OutcomeContext {
  now: number
  state: Pick<ChoosingState, 'lagMs' | 'observer'>
  target: Pick<TargetState, 'reviewP99' | 'sharedFate'>
  /** All tunnels of the pool. */
  candidates: () => readonly TunnelStanding[]
}

/** A replica that is itself late ejects nobody: what looks silent may have answered long ago. */
const lagMsMax = 200
/** Of a failure, as a latency, in milliseconds: what fails for good is ejected, and what recovers is to be asked again soon. */
const faultLatencyMsMax = 500
/** How long a gateway that is full or about to stop is left alone when it does not say. */
const avoidMsDefault = 100
const avoidMsMax = 1000

/** Learns from what came of asking a tunnel: its latency, its standing, and what is the API server's doing. */
export function noteOutcome(asking: Asking, outcome: AttemptOutcome, context: OutcomeContext): void {
  const { standing, startedAt } = asking
  const tookMs = context.now - startedAt
  if (asking.kind === 'canary') {
    standing.ejection.canaryEnded(context.now)
    standing.process.ejection.canaryEnded(context.now)
  }
  if (outcome.kind === 'reviewed') {
    if (asking.acceptedAt === undefined) standing.firstSign.observe(tookMs)
    context.target.reviewP99.observe(tookMs)
    noteSuccess(asking, context)
    standing.latency.observe(tookMs, context.now)
    return
  }
  const blame = blameOf(asking, outcome, context)
  if (blame !== undefined) {
    // It has no latency then, but at least this one; a canary was nobody's to wait for.
    const latencyMs = Math.min(tookMs, faultLatencyMsMax)
    if (asking.kind !== 'canary' && latencyMs > (standing.latency.at(context.now) ?? 0))
      standing.latency.observe(latencyMs, context.now)
    noteFault(asking, blame, context)
    return
  }
  if (outcome.kind === 'failed') noteAnswer(asking, outcome, context)
}

/** An answer that speaks for the gateway, whatever it says of the API server. */
function noteAnswer(
  asking: Asking,
  { code, retryAfterMs }: Extract<AttemptOutcome, { kind: 'failed' }>,
  context: OutcomeContext,
): void {
  const { failure, followUp } = ruleOf(code)
  if (followUp === 'crowded' || code === 'draining') {
    const avoidMs = Math.min(retryAfterMs > 0 ? retryAfterMs : avoidMsDefault, avoidMsMax)
    asking.standing.process.avoid(context.now + avoidMs)
  }
  if (failure === 'api-server-overloaded' || failure === 'api-server-error')
    context.target.sharedFate.answered(failure, retryAfterMs, context.now)
  noteSuccess(asking, context)
}

function noteSuccess({ standing, startedAt }: Asking, { now, state: { observer } }: OutcomeContext): void {
  const isProcessIn = standing.process.ejection.succeeded(startedAt, now)
  const isTunnelIn = standing.ejection.succeeded(startedAt, now)
  if (isProcessIn) observer.readmitted('process')
  if (isTunnelIn) observer.readmitted('tunnel')
  // What it took while it was failing says nothing of what it takes now.
  if (isProcessIn || isTunnelIn) standing.latency.forget()
}

function noteFault(asking: Asking, blame: Blame, context: OutcomeContext): void {
  const { standing, startedAt } = asking
  const { now, candidates, state } = context
  if (state.lagMs() > lagMsMax) return
  const isProcessOut = standing.process.ejection.failed({
    now,
    startedAt,
    mayEject: () => mayEjectProcess(candidates()),
  })
  if (isProcessOut) state.observer.ejected('process', blame)
  if (standing.process.ejection.isOut) return
  const isTunnelOut = standing.ejection.failed({
    now,
    startedAt,
    mayEject: () => mayEjectTunnel(candidates(), standing),
  })
  if (isTunnelOut) state.observer.ejected('tunnel', blame)
}

function blameOf(asking: Asking, outcome: AttemptOutcome, context: OutcomeContext): Blame | undefined {
  switch (outcome.kind) {
    case 'failed':
      return ruleOf(outcome.code).isItsFault ? 'failed' : undefined
    case 'mismatched':
      return 'mismatched'
    case 'tunnel-lost':
      if (asking.standing.isLossNoted) return undefined
      asking.standing.isLossNoted = true
      return 'tunnel-lost'
    case 'timed-out':
      return !asking.isOnTrial && isLate(asking, context) ? 'timed-out' : undefined
    case 'cancelled':
      return asking.isOvertaken && isLate(asking, context) ? 'late' : undefined
    case 'reviewed':
    case 'other-cluster':
    case 'full':
    case 'no-route':
    case 'unsendable':
      return undefined
    default:
      return outcome satisfies never
  }
}

/** It had its time: a caller that was in a hurry says nothing about the gateway. */
function isLate({ startedAt, acceptedAt, patienceMs }: Asking, { now, target }: OutcomeContext): boolean {
  const allowedMs =
    acceptedAt === undefined
      ? patienceMs
      : acceptedHedgeDelayMs(target.reviewP99.value, patienceMs, Number.POSITIVE_INFINITY)
  return now - startedAt >= allowedMs
}
