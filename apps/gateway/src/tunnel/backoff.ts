import type { RoundOutcome, TunnelRefusal } from './outcome.ts'

export const backoffLimits = {
  firstMs: 500,
  maxMs: 30_000,
  /** A session that served this long proves that the way is good. */
  stableMs: 30_000,
  /** A session that ended before this was none: they add up. Those in between neither add up nor start anew. */
  flapMs: 5000,
  /** Before the first dial after a stable session, at most: many gateways lose one replica at once. */
  quickMs: 250,
  /** While an outage is this young, a control plane that restarts is found again soon … */
  youngOutageMs: 15_000,
  /** … because no wait is longer than this. */
  youngOutageWaitMs: 2000,
  /**
   * Another process has this instance id: to take turns quickly would help neither. For each of two slots, so that
   * together they are replaced once in 15 s.
   */
  replacedMs: 30_000,
  /** However long the other side asks to wait: longer is its mistake, and beyond 2^31 no timer would wait at all. */
  askedMsMax: 300_000,
} as const

/** What the rounds so far have shown. */
export interface BackoffHistory {
  /** Dials in a row that came to no session. */
  failures: number
  /** Sessions that ended at once, since the last stable one. */
  flaps: number
  /** When the last session ended, or the gateway started: milliseconds of the clock that never goes back. */
  outageSince: number
  /** The last round already corrected the clock, so that a second refusal is not for the clock. */
  clockCorrected: boolean
}

export type NextStep =
  | { kind: 'dial'; afterMs: number; history: BackoffHistory }
  | { kind: 'end'; refusal: TunnelRefusal }
  | { kind: 'stop' }

export function freshHistory(elapsed: number): BackoffHistory {
  return { failures: 0, flaps: 0, outageSince: elapsed, clockCorrected: false }
}

/**
 * What to do after a round. Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): anything from zero to
 * a bound that doubles from 0.5 s to 30 s, and starts over only after 30 s of stable service.
 * @param random from 0 to 1
 */
export function nextStep(
  outcome: RoundOutcome,
  history: BackoffHistory,
  elapsed: number,
  random: number,
): NextStep {
  switch (outcome.kind) {
    case 'stopped':
      return { kind: 'stop' }
    case 'served':
      return afterSession(outcome, history, elapsed, random)
    case 'unreachable': {
      const next = { ...history, failures: history.failures + 1 }
      const isYoung = elapsed - history.outageSince < backoffLimits.youngOutageMs
      const bound = Math.min(
        boundAfter(next),
        isYoung ? backoffLimits.youngOutageWaitMs : backoffLimits.maxMs,
      )
      return { kind: 'dial', afterMs: random * bound, history: next }
    }
    case 'relief':
      return afterRelief(outcome, history, elapsed, random)
    case 'key-replaced':
      return {
        kind: 'dial',
        afterMs: random * backoffLimits.quickMs,
        history: { ...history, failures: history.failures + 1 },
      }
    case 'clock-off':
      return {
        kind: 'dial',
        afterMs: random * backoffLimits.quickMs,
        history: { ...history, clockCorrected: true },
      }
    case 'refused': {
      const { refusal } = outcome
      if (refusal.permanent) return { kind: 'end', refusal }
      const next = { ...history, failures: history.failures + 1, clockCorrected: false }
      const asked = Math.min(refusal.retryAfterMs ?? 0, backoffLimits.askedMsMax)
      const wait = asked > 0 ? asked + (random * asked) / 4 : random * boundAfter(next)
      return { kind: 'dial', afterMs: wait, history: next }
    }
    default:
      return outcome satisfies never
  }
}

function afterSession(
  { end, servedMs }: Extract<RoundOutcome, { kind: 'served' }>,
  history: BackoffHistory,
  elapsed: number,
  random: number,
): NextStep {
  const isStable = servedMs >= backoffLimits.stableMs
  const next: BackoffHistory = {
    failures: 0,
    flaps: isStable ? 0 : history.flaps + (servedMs < backoffLimits.flapMs ? 1 : 0),
    outageSince: elapsed,
    clockCorrected: false,
  }
  const wait = isStable ? random * backoffLimits.quickMs : random * boundAfter(next)
  if (end.kind !== 'told-to-leave') return { kind: 'dial', afterMs: wait, history: next }
  const asked = Math.min(end.reconnectAfterMs, backoffLimits.askedMsMax)
  const least = Math.max(asked, end.code === 'replaced' ? backoffLimits.replacedMs : 0)
  return { kind: 'dial', afterMs: least + wait, history: next }
}

/** The tunnel still serves. Only replicas that keep draining what they have just welcomed are not hurried after. */
function afterRelief(
  { cause, servedMs }: Extract<RoundOutcome, { kind: 'relief' }>,
  history: BackoffHistory,
  elapsed: number,
  random: number,
): NextStep {
  const isFlap = cause === 'replica-drains' && servedMs < backoffLimits.flapMs
  const flaps = servedMs >= backoffLimits.stableMs ? 0 : history.flaps + (isFlap ? 1 : 0)
  const next: BackoffHistory = { failures: 0, flaps, outageSince: elapsed, clockCorrected: false }
  const afterMs = isFlap && history.flaps > 0 ? random * boundAfter(history) : 0
  return { kind: 'dial', afterMs, history: next }
}

function boundAfter({ failures, flaps }: BackoffHistory): number {
  return Math.min(backoffLimits.firstMs * 2 ** Math.max(0, failures + flaps - 1), backoffLimits.maxMs)
}
