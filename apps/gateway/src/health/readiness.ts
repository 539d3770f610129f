import type { TunnelState } from '../tunnel/tunnel-state.ts'

/** How far a gateway has come. */
export type GatewayState =
  | { phase: 'idle' }
  /** No credential yet. */
  | { phase: 'enrolling' }
  | { phase: 'serving'; gatewayId: string; gatewayName: string; tunnel: TunnelState }
  /** Final: only a person can help. */
  | { phase: 'refused'; remedy: string }
  | { phase: 'closing' }
  | { phase: 'closed' }

/** The body of `/readyz`. */
export interface Readiness {
  ready: boolean
  /** Empty when ready; else what is not there, with what to do where that is known. */
  missing: readonly { what: 'credential' | 'tunnel' | 'service'; why: string }[]
}

/** Ready means: the credential is there and a tunnel is up. */
export function readinessOf(state: GatewayState): Readiness {
  switch (state.phase) {
    case 'idle':
    case 'enrolling':
      return missing('credential', 'this gateway is not enrolled yet')
    case 'refused':
      return missing('service', state.remedy)
    case 'closing':
    case 'closed':
      return missing('service', 'this gateway is stopping')
    default:
      return readinessOfTunnel(state.tunnel)
  }
}

function readinessOfTunnel(tunnel: TunnelState): Readiness {
  if (tunnel.phase === 'connected') return { ready: true, missing: [] }
  const trouble = 'trouble' in tunnel ? tunnel.trouble : undefined
  const why = trouble === undefined ? `the tunnel is ${tunnel.phase}` : `${trouble.detail}; ${trouble.remedy}`
  return missing('tunnel', why)
}

function missing(what: 'credential' | 'tunnel' | 'service', why: string): Readiness {
  return { ready: false, missing: [{ what, why }] }
}
