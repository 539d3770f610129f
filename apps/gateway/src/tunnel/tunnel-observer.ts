import type { TunnelState } from './tunnel-state.ts'

/** Told what happens to the tunnels; for metrics. */
export interface TunnelObserver {
  /** A slot has entered this state. */
  entered(slot: number, state: TunnelState): void
  /** A tunnel came up again in its slot. */
  reconnected(): void
  /** A tunnel ended against this gateway's will. `idleMs`: since anything last came through it. */
  lost(cause: string, idleMs: number): void
  /** A dial came to no tunnel: where it stopped, or the refusal's code class. */
  dialFailed(at: string): void
  /** Of a slot's last ping. */
  roundTrip(slot: number, ms: number): void
  /** A tunnel was given up without breaking anything: how long that took. */
  drained(ms: number): void
}

/** For who needs no metrics. */
export const noObserver: TunnelObserver = {
  entered: () => undefined,
  reconnected: () => undefined,
  lost: () => undefined,
  dialFailed: () => undefined,
  roundTrip: () => undefined,
  drained: () => undefined,
}
