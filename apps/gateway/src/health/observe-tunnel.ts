import type { TunnelObserver } from '../tunnel/tunnel-observer.ts'
import { isServing, tunnelPhases } from '../tunnel/tunnel-state.ts'
import type { GatewayMetrics } from './gateway-metrics.ts'

type TunnelMetrics = Pick<
  GatewayMetrics,
  | 'tunnels'
  | 'tunnelReconnects'
  | 'tunnelLosses'
  | 'tunnelLossIdleSeconds'
  | 'tunnelDialFailures'
  | 'tunnelDrainSeconds'
  | 'tunnelRoundTrip'
>

/** Keeps the metrics of the tunnels. */
export function observeTunnels(metrics: TunnelMetrics): TunnelObserver {
  const phases = new Map<number, string>()
  return {
    entered(slot, state) {
      phases.set(slot, state.phase)
      if (!isServing(state)) metrics.tunnelRoundTrip.remove({ slot })
      for (const known of tunnelPhases) {
        const count = [...phases.values()].filter((current) => current === known).length
        metrics.tunnels.set({ phase: known }, count)
      }
    },
    reconnected: () => metrics.tunnelReconnects.inc(),
    lost(cause, idleMs) {
      metrics.tunnelLosses.inc({ cause })
      metrics.tunnelLossIdleSeconds.observe({ cause }, idleMs / 1000)
    },
    dialFailed: (at) => metrics.tunnelDialFailures.inc({ at }),
    roundTrip: (slot, ms) => metrics.tunnelRoundTrip.set({ slot }, ms / 1000),
    drained: (ms) => metrics.tunnelDrainSeconds.observe(ms / 1000),
  }
}
