import type { GatewayAuthMethodBody, GatewayBody, GatewayV2Body } from '@postern/api-contract/gateways'
import type { Gateway } from './gateway-store.ts'
import { heartbeatIntervalMs } from './heartbeat-recorder.ts'

type GatewayStatus = GatewayBody['status']

/** What a client sees of a gateway that has so many tunnels at `now`. */
export function gatewayBody(
  gateway: Gateway,
  authMethod: GatewayAuthMethodBody,
  connectedTunnels: number,
  now: Date,
): GatewayBody {
  return {
    id: gateway.id,
    identityId: null,
    name: gateway.name,
    createdAt: gateway.createdAt.toISOString(),
    updatedAt: gateway.updatedAt.toISOString(),
    heartbeat: heartbeatOf(gateway, connectedTunnels, now),
    heartbeatTTL: heartbeatIntervalMs / 1000,
    canRevoke: (gateway.isEnrolled || gateway.authMethod === 'kubernetes') && gateway.revokedAt === null,
    authMethod,
    connectedTunnels,
    status: statusOf(gateway, connectedTunnels),
  }
}

export function gatewayV2Body(gateway: Gateway, connectedTunnels: number, now: Date): GatewayV2Body {
  return {
    id: gateway.id,
    name: gateway.name,
    identityId: null,
    identity: null,
    createdAt: gateway.createdAt.toISOString(),
    updatedAt: gateway.updatedAt.toISOString(),
    heartbeat: heartbeatOf(gateway, connectedTunnels, now),
    heartbeatTTL: heartbeatIntervalMs / 1000,
    lastHealthCheckStatus: null,
    connectedResourcesCount: gateway.attachedIdentityCount,
  }
}

export function heartbeatOf(
  gateway: Pick<Gateway, 'lastConnectedAt'>,
  connectedTunnels: number,
  now: Date,
): string | null {
  if (connectedTunnels > 0) return now.toISOString()
  return gateway.lastConnectedAt?.toISOString() ?? null
}

/** A revoked gateway whose tunnels are just being closed is revoked all the same. */
function statusOf(gateway: Gateway, connectedTunnels: number): GatewayStatus {
  if (gateway.revokedAt !== null) return 'revoked'
  if (connectedTunnels > 0) return 'connected'
  return gateway.lastConnectedAt === null ? 'never-connected' : 'disconnected'
}
