import { watchEventLoopLag } from './event-loop-lag.ts'
import { type ChoosingState, TargetStates } from './pool-of-tunnels.ts'
import type { ReviewObserver } from './review-observer.ts'
import { TunnelStandings } from './tunnel-standing.ts'

export interface ChoosingOptions {
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  observer: ReviewObserver
}

/** What this process learns of its gateways; one for all reviews. */
export function openChoosing({ elapsed, observer }: ChoosingOptions): ChoosingState & { close: () => void } {
  const lag = watchEventLoopLag(elapsed)
  return {
    standings: new TunnelStandings(elapsed),
    targets: new TargetStates(),
    elapsed,
    random: () => Math.random(),
    after,
    lagMs: () => lag.lagMs(),
    observer,
    close: () => lag.close(),
  }
}

/** A timer runs before what arrived meanwhile is read, so it waits for that: an answer may be among it. */
function after(ms: number, call: () => void): () => void {
  let isStopped = false
  const timer = setTimeout(() => {
    setImmediate(() => {
      if (!isStopped) call()
    })
  }, ms)
  return () => {
    isStopped = true
    clearTimeout(timer)
  }
}
