import type { FinishReason, TunnelEndKind } from './tunnel-end.ts'

/** The life of a tunnel that is connected. Each phase owns its timer. */
export type SessionPhase =
  | { kind: 'serving' }
  /**
   * This replica will leave, and the gateway dials another first. Reviews are still sent here: the logins that are under
   * way on this replica have no other way.
   */
  | { kind: 'asked-to-leave'; timer: NodeJS.Timeout; settle: () => void }
  /** Takes nothing new, and ends when nothing waits, or by its timer. */
  | { kind: 'finishing'; reason: FinishReason; since: number; timer: NodeJS.Timeout; leave: () => void }
  | { kind: 'ended'; end: TunnelEndKind }

/** How long what waits on a replaced tunnel has, in milliseconds: a login takes no longer. */
export const replacedFinishMs = 10_000
/** A gateway that says Drain and does not leave is sent away, this long after the time that it asked for. */
export const drainGraceMs = 5_000
/** However long a gateway says that it needs. */
export const drainAskedMsMax = 60_000
/** What the replaced one is told to wait: two processes with one instance id must not take turns quickly. */
export const instanceRetryMs = 15_000
/** How long a tunnel has to prove that it lives, when another connection comes for its place, in milliseconds. */
export const proofOfLifeMs = 1500
