import type { HealthFrame } from '@postern/protocol'
import type { GatewayHealth } from '../gateways/gateway-health.ts'

/** A tunnel, as far as the health of its gateway goes. */
export interface JudgedTunnel {
  readonly isRoutable: boolean
  readonly isSuspect: boolean
  readonly health: HealthFrame | undefined
  /** Reviews leave it alone for a while, because they failed or came late. */
  readonly isEjected: boolean
}

/** A credential that is renewed in time never comes so near to its end. */
const expiresSoonSeconds = 300

/**
 * A gateway is healthy when one of its tunnels is, because reviews go there; except that two processes with one instance
 * id take turns, which somebody must end.
 * @param nowMs Unix time in milliseconds
 */
export function judgeGatewayHealth(
  tunnels: readonly JudgedTunnel[],
  isDuplicated: boolean,
  nowMs: number,
): GatewayHealth {
  if (tunnels.length === 0) return { status: 'disconnected' }
  if (isDuplicated) {
    return degraded(
      'Two of its processes have one instance id, so only one has a tunnel: restart both, and start none from a snapshot',
    )
  }
  const routable = tunnels.filter(({ isRoutable }) => isRoutable)
  if (routable.length === 0) return degraded('All its tunnels are draining, and no new one has come yet')
  let first: string | undefined
  for (const tunnel of routable) {
    const problem = problemOf(tunnel, nowMs)
    if (problem === undefined) return { status: 'healthy' }
    first ??= problem
  }
  return degraded(first ?? 'No tunnel is fit for reviews')
}

function problemOf({ isSuspect, isEjected, health }: JudgedTunnel, nowMs: number): string | undefined {
  if (isSuspect) return 'It does not answer pings'
  if (isEjected)
    return 'Reviews through it failed or came late: it is left alone, and tried again within a minute'
  if (health === undefined) return undefined
  if (!health.apiServerReachable) return withDetail('It does not reach its API server', health)
  if (!health.mayReviewTokens) {
    return withDetail('It may not review tokens: bind its service account to system:auth-delegator', health)
  }
  const { credentialExpiresAtS } = health
  if (credentialExpiresAtS > 0 && credentialExpiresAtS - nowMs / 1000 < expiresSoonSeconds) {
    const at = new Date(credentialExpiresAtS * 1000).toISOString()
    return withDetail(`Its credential expires at ${at} and was not renewed`, health)
  }
  return undefined
}

function withDetail(problem: string, { detail }: HealthFrame): string {
  return detail === '' ? problem : `${problem} (${detail})`
}

function degraded(reason: string): GatewayHealth {
  return { status: 'degraded', reason }
}
