import type { ChoosingState, PoolMembers, TunnelSource } from './pool-of-tunnels.ts'
import type { TunnelStanding } from './tunnel-standing.ts'

export interface WaitForCandidateOptions {
  state: Pick<ChoosingState, 'elapsed' | 'after'>
  members: PoolMembers
  tunnels: TunnelSource
  candidates: () => readonly TunnelStanding[]
}

/** A tunnel may be there before it is known which cluster it leads to. */
const lookAgainMs = 25

/**
 * Resolves when a tunnel of the members takes reviews, or the time is over; at once when none of them had one a moment
 * ago, because waiting pays only for what is about to return.
 */
export async function waitForCandidate(
  { state, members, tunnels, candidates }: WaitForCandidateOptions,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const until = state.elapsed() + waitMs
  const { memberIds } = members
  while (!signal.aborted && candidates().length === 0) {
    const remainingMs = until - state.elapsed()
    const returning = memberIds.filter((gatewayId) => tunnels.isReturning(gatewayId))
    if (remainingMs <= 0) return
    if (returning.length > 0) await firstOf(returning, tunnels, remainingMs, signal)
    else if (!memberIds.some((gatewayId) => tunnels.tunnelsOf(gatewayId).length > 0)) return
    if (candidates().length === 0) await pause(state, Math.min(lookAgainMs, remainingMs), signal)
  }
}

async function firstOf(
  gatewayIds: readonly string[],
  tunnels: TunnelSource,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  // One that has come ends the waiting for the others.
  const over = new AbortController()
  const stop = (): void => over.abort()
  signal.addEventListener('abort', stop)
  await Promise.race(gatewayIds.map((gatewayId) => tunnels.waitForTunnel(gatewayId, waitMs, over.signal)))
  signal.removeEventListener('abort', stop)
  over.abort()
}

function pause({ after }: Pick<ChoosingState, 'after'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stop()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const stop = after(ms, end)
    signal.addEventListener('abort', end)
  })
}
