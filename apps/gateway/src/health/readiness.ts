import { isServing, type TunnelState } from '../tunnel/tunnel-state.ts'
import type { HealthReport } from './watch-health.ts'

/** How far a gateway has come. */
export type GatewayState =
  | { phase: 'idle' }
  /** No credential yet. */
  | { phase: 'enrolling' }
  | { phase: 'serving'; gatewayId: string; gatewayName: string; tunnels: readonly TunnelState[] }
  /** Final: only a person can help. */
  | { phase: 'refused'; remedy: string }
  | { phase: 'closing' }
  | { phase: 'closed' }

interface Missing {
  what: 'credential' | 'tunnel' | 'api-server' | 'service'
  why: string
}

/** The body of `/readyz`. */
export interface Readiness {
  ready: boolean
  /** Empty when ready; else what is not there, with what to do where that is known. */
  missing: readonly Missing[]
}

/**
 * Ready means: this process can review a token. The credential is there, a tunnel is up, and the API server has just
 * shown that it answers and that the gateway may ask. No traffic depends on it, because nothing dials a gateway; a
 * rollout does: it goes no further while the new pods cannot do the work of the old ones.
 */
export function readinessOf(state: GatewayState, health: HealthReport | undefined): Readiness {
  const ofState = missingOfState(state)
  const isOver = ofState.some(({ what }) => what === 'service')
  const missing = isOver ? ofState : [...ofState, ...missingOfHealth(health)]
  return { ready: missing.length === 0, missing }
}

function missingOfState(state: GatewayState): Missing[] {
  switch (state.phase) {
    case 'idle':
    case 'enrolling':
      return [{ what: 'credential', why: 'this gateway is not enrolled yet' }]
    case 'refused':
      return [{ what: 'service', why: state.remedy }]
    case 'closing':
    case 'closed':
      return [{ what: 'service', why: 'this gateway is stopping' }]
    default:
      return missingOfTunnels(state.tunnels)
  }
}

/** One is enough: the others are for when it goes. */
function missingOfTunnels(tunnels: readonly TunnelState[]): Missing[] {
  if (tunnels.some(isServing)) return []
  const [tunnel] = tunnels
  const trouble = tunnel !== undefined && 'trouble' in tunnel ? tunnel.trouble : undefined
  const why =
    trouble === undefined
      ? `the tunnel is ${tunnel?.phase ?? 'not there'}`
      : `${trouble.detail}; ${trouble.remedy}`
  return [{ what: 'tunnel', why }]
}

function missingOfHealth(health: HealthReport | undefined): Missing[] {
  if (health === undefined) return [{ what: 'api-server', why: 'the API server has not been asked yet' }]
  if (health.apiServerReachable && health.mayReviewTokens) return []
  return [{ what: 'api-server', why: health.detail }]
}
