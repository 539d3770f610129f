import type { ChoosingState } from './gateway-pools/choosing/pool-of-tunnels.ts'
import type { LiveTunnels } from './gateways/live-tunnels.ts'
import { type JudgedTunnel, judgeGatewayHealth } from './tunnel/judge-gateway-health.ts'
import type { RemoteTunnelTable } from './tunnel/remote/remote-tunnel-table.ts'
import type { GatewayStreams } from './tunnel/streams/gateway-streams.ts'
import type { TunnelRegistry } from './tunnel/tunnel-registry.ts'

export interface LiveTunnelsOptions {
  registry: TunnelRegistry
  remote: RemoteTunnelTable
  streams: GatewayStreams
  standings: ChoosingState['standings']
  isDuplicated: (gatewayId: string) => boolean
  /** Makes the other replicas look at once for what was revoked. */
  tellOfRevocation: () => void
  now: () => Date
}

/** @returns what this replica knows of gateways, and `closeOwnTunnelsOf`: without asking the others */
export function openLiveTunnels(options: LiveTunnelsOptions): {
  tunnels: LiveTunnels
  closeOwnTunnelsOf: LiveTunnels['closeTunnelsOf']
} {
  const { registry, remote, streams, standings, isDuplicated, tellOfRevocation, now } = options
  const closeOwnTunnelsOf: LiveTunnels['closeTunnelsOf'] = (gatewayId, reason, keyIds) => {
    for (const keyId of keyIds ?? [undefined]) {
      registry.closeTunnelsOf(gatewayId, reason, keyId)
      streams.closeStreamsOf(gatewayId, reason, keyId)
    }
    remote.forgetGateway(gatewayId, keyIds)
  }
  const healthOf: LiveTunnels['healthOf'] = (gatewayId) =>
    judgeGatewayHealth(
      judgedTunnels(gatewayId, registry, remote, standings),
      isDuplicated(gatewayId),
      now().getTime(),
    )
  const tunnels: LiveTunnels = {
    closeTunnelsOf: (...closing) => {
      closeOwnTunnelsOf(...closing)
      tellOfRevocation()
    },
    tunnelCount: (gatewayId) => registry.tunnelsOf(gatewayId).length + remote.tunnelsOf(gatewayId).length,
    connectedCredentials: () => [...registry.connected(), ...streams.connected()],
    healthOf,
    clusterOf: (gatewayId) =>
      registry.tunnelsOf(gatewayId).findLast(({ cluster }) => cluster !== undefined)?.cluster ??
      remote.tunnelsOf(gatewayId).findLast(({ cluster }) => cluster !== undefined)?.cluster,
  }
  return { tunnels, closeOwnTunnelsOf }
}

/** One of another replica is judged by what that says, whether or not it can be reached from here now. */
function judgedTunnels(
  gatewayId: string,
  registry: TunnelRegistry,
  remote: RemoteTunnelTable,
  standings: ChoosingState['standings'],
): JudgedTunnel[] {
  const own = registry.tunnelsOf(gatewayId).map((tunnel) => ({
    isRoutable: tunnel.isRoutable,
    isSuspect: tunnel.isSuspect,
    health: tunnel.health,
    isEjected: standings.isOut(tunnel),
  }))
  const others = remote.tunnelsOf(gatewayId).map((tunnel) => ({
    isRoutable: tunnel.isAnnouncedRoutable,
    isSuspect: tunnel.isSuspect,
    health: tunnel.health,
    isEjected: standings.isOut(tunnel),
  }))
  return [...own, ...others]
}
