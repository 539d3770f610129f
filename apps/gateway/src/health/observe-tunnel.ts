import type { TunnelState } from '../tunnel/tunnel-state.ts'
import type { GatewayMetrics } from './gateway-metrics.ts'

const phases = [
  'dialling',
  'connected',
  'waiting',
  'refused',
  'closed',
] as const satisfies TunnelState['phase'][]

/** Keeps the tunnel's metrics; to be told every state that the tunnel enters. */
export function observeTunnel(
  metrics: Pick<GatewayMetrics, 'tunnelPhase' | 'tunnelReconnects'>,
): (state: Pick<TunnelState, 'phase'>) => void {
  let wasConnected = false
  for (const phase of phases) metrics.tunnelPhase.set({ phase }, 0)
  return (state) => {
    for (const phase of phases) metrics.tunnelPhase.set({ phase }, phase === state.phase ? 1 : 0)
    if (state.phase !== 'connected') return
    if (wasConnected) metrics.tunnelReconnects.inc()
    wasConnected = true
  }
}
