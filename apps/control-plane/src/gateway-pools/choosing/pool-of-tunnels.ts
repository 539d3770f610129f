import type { ReviewTunnel } from '../../gateways/review-attempt.ts'
import { LatencyQuantiles } from './latency-quantiles.ts'
import { RetryBudget } from './retry-budget.ts'
import type { ReviewObserver } from './review-observer.ts'
import { SharedFate } from './shared-fate.ts'
import type { Admits, TunnelStanding, TunnelStandings } from './tunnel-standing.ts'

/** Who may review for a target. */
export interface PoolMembers {
  memberIds: readonly string[]
  /** T6: whether a tunnel leads to the pool's cluster, by what its gateway said of it. */
  admits: Admits
}

/** What lives as long as the process: the reviews of all identities learn from each other. */
export interface ChoosingState {
  standings: TunnelStandings
  targets: TargetStates
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  /** From 0 to 1, without 1. */
  random: () => number
  /** Calls after so many milliseconds, once what has arrived by then was read. @returns what stops it */
  after: (ms: number, call: () => void) => () => void
  /** How late this replica's own event loop is, in milliseconds. */
  lagMs: () => number
  observer: ReviewObserver
}

/** The live tunnels of this replica; by any gateway id, so that what is found is checked. */
export interface TunnelSource {
  tunnelsOf: (gatewayId: string) => readonly ReviewTunnel[]
  /** The gateway had a tunnel a moment ago. */
  isReturning: (gatewayId: string) => boolean
  /** Resolves when a tunnel of the gateway comes, the time is over, or the signal fires, whichever is first. */
  waitForTunnel: (gatewayId: string, waitMs: number, signal: AbortSignal | undefined) => Promise<void>
}

/** What is known of one gateway or pool as a whole, and of its cluster. */
export class TargetState {
  readonly retryBudget = new RetryBudget()
  readonly sharedFate = new SharedFate()
  /** Of reviews that came to a verdict. */
  readonly reviewP99 = new LatencyQuantiles(0.99)
  usedAt = 0
}

const forgetUnusedAfterMs = 10 * 60_000
const forgetEveryMs = 60_000

export class TargetStates {
  readonly #states = new Map<string, TargetState>()
  #forgotAt = 0

  /** @param key a gateway's or a pool's id */
  of(key: string, now: number): TargetState {
    const state = this.#states.get(key) ?? new TargetState()
    state.usedAt = now
    this.#states.set(key, state)
    if (now - this.#forgotAt >= forgetEveryMs) this.#forgetUnused(now)
    return state
  }

  #forgetUnused(now: number): void {
    this.#forgotAt = now
    for (const [key, { usedAt }] of this.#states) {
      if (now - usedAt > forgetUnusedAfterMs) this.#states.delete(key)
    }
  }
}

/** The tunnels that may review for these members. T48: one of another organization is none. */
export function candidatesOf(
  { memberIds, admits }: PoolMembers,
  organizationId: string,
  tunnels: TunnelSource,
  standings: TunnelStandings,
): readonly TunnelStanding[] {
  const candidates: TunnelStanding[] = []
  for (const memberId of memberIds) {
    for (const tunnel of tunnels.tunnelsOf(memberId)) {
      if (!tunnel.isRoutable || tunnel.organizationId !== organizationId) continue
      const standing = standings.of(tunnel)
      if (standing.isAdmitted(admits)) candidates.push(standing)
    }
  }
  return candidates
}
