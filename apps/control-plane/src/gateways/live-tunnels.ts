import type { GatewayCredential } from './gateway-credential-store.ts'
import type { GatewayHealth, ReportedCluster } from './gateway-health.ts'

/** Why a gateway's tunnels are closed from here. */
export type TunnelCloseReason = 'gateway-revoked' | 'gateway-deleted' | 'credential-replaced'

/** The gateways' tunnels, as this replica knows them: its own, and what the others say of theirs. */
export interface LiveTunnels {
  /** Closes the gateway's tunnels here, and asks the other replicas to; with key ids only those that authenticated with one of them. */
  closeTunnelsOf(gatewayId: string, reason: TunnelCloseReason, keyIds?: ReadonlySet<string>): void
  /** How many tunnels of the gateway are known to be connected. */
  tunnelCount(gatewayId: string): number
  /** What this replica's own tunnels authenticated with; doubles do no harm. */
  connectedCredentials(): Iterable<GatewayCredential>
  /** Healthy when one of its tunnels is; degraded when none is. */
  healthOf(gatewayId: string): GatewayHealth
  /** What the newest of its tunnels that said anything said; undefined: nothing is known. */
  clusterOf(gatewayId: string): ReportedCluster | undefined
}
