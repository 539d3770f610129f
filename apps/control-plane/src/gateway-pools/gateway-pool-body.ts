import type {
  GatewayPoolBody,
  GatewayPoolDetailBody,
  GatewayPoolListEntry,
  PoolMembershipBody,
} from '@postern/api-contract/gateway-pools'
import { heartbeatOf } from '../gateways/gateway-body.ts'
import type { GatewayHealth } from '../gateways/gateway-health.ts'
import { heartbeatIntervalMs } from '../gateways/heartbeat-recorder.ts'
import type { LiveTunnels } from '../gateways/live-tunnels.ts'
import { type Cluster, clusterOf, describeCluster } from './compare-clusters.ts'
import type { GatewayPool, PoolMember, PoolMembership } from './gateway-pool-store.ts'
import { standingOf } from './member-standing.ts'

type Tunnels = Pick<LiveTunnels, 'healthOf' | 'clusterOf' | 'tunnelCount'>

export function gatewayPoolBody(pool: GatewayPool): GatewayPoolBody {
  return {
    id: pool.id,
    orgId: pool.organizationId,
    name: pool.name,
    createdAt: pool.createdAt.toISOString(),
    updatedAt: pool.updatedAt.toISOString(),
  }
}

export function gatewayPoolListEntry(pool: GatewayPool, tunnels: Tunnels): GatewayPoolListEntry {
  const { members } = pool
  return {
    ...gatewayPoolBody(pool),
    memberCount: members.length,
    healthyMemberCount: members.filter((member) => healthOf(pool, member, tunnels).status === 'healthy')
      .length,
    memberGatewayIds: members.map(({ gatewayId }) => gatewayId),
    connectedResourcesCount: pool.attachedIdentityCount,
    cluster: textOf(pool.cluster),
  }
}

export function gatewayPoolDetail(pool: GatewayPool, tunnels: Tunnels, now: Date): GatewayPoolDetailBody {
  return {
    ...gatewayPoolListEntry(pool, tunnels),
    gateways: pool.members.map((member) => {
      const health = healthOf(pool, member, tunnels)
      return {
        id: member.gatewayId,
        name: member.gatewayName,
        heartbeat: heartbeatOf(member, tunnels.tunnelCount(member.gatewayId), now),
        heartbeatTTL: heartbeatIntervalMs / 1000,
        status: health.status,
        statusReason: health.status === 'degraded' ? health.reason : null,
        cluster: textOf(clusterOf(tunnels.clusterOf(member.gatewayId)) ?? member.cluster),
      }
    }),
  }
}

export function poolMembershipBody(membership: PoolMembership): PoolMembershipBody {
  return { ...membership, createdAt: membership.createdAt.toISOString() }
}

function healthOf(pool: GatewayPool, member: PoolMember, tunnels: Tunnels): GatewayHealth {
  const { gatewayId } = member
  return standingOf(pool, member, tunnels.healthOf(gatewayId), tunnels.clusterOf(gatewayId))
}

function textOf(cluster: Cluster | null): string | null {
  return cluster === null ? null : describeCluster(cluster)
}
