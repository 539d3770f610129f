import type { ClusterFrame } from '@postern/protocol'
import type { GatewayHealth } from '../gateways/gateway-health.ts'
import {
  type Cluster,
  clusterOf,
  compareClusters,
  compareMember,
  describeCluster,
} from './compare-clusters.ts'
import type { GatewayPool, PoolMember } from './gateway-pool-store.ts'

type PoolOfMember = Pick<GatewayPool, 'cluster'>
type MemberOfPool = Pick<PoolMember, 'cluster' | 'isOfCluster'>

/**
 * Whether a member may be chosen, as far as is on record. While no member has said where it is, it is for their tunnels'
 * reports to say. After that a member counts once it was found in the pool's cluster: also while it reconnects and has
 * said nothing yet.
 */
export function isCandidate({ cluster }: PoolOfMember, { isOfCluster }: MemberOfPool): boolean {
  return cluster === null || isOfCluster
}

/** Whether a tunnel on which this was said may be used for a candidate, who was found in the cluster before. */
export function admitsCandidate(poolCluster: Cluster, reported: ClusterFrame | undefined): boolean {
  const cluster = clusterOf(reported)
  return cluster === undefined || compareClusters(poolCluster, cluster) !== 'other'
}

/** The same for a member that nothing is on record of: it is judged as it will be once its report is. */
export function admitsNewcomer(poolCluster: Cluster, reported: Cluster): boolean {
  const comparison = compareMember(poolCluster, reported, false)
  return comparison === 'same' || comparison === 'rotated'
}

const silent: GatewayHealth = {
  status: 'degraded',
  reason:
    'It has not said which cluster it stands in, and is asked for no review until it has. If it stays so, update the ' +
    'gateway.',
}

/** What people see of a member: its gateway's health, and whether it is in the right cluster. */
export function standingOf(
  pool: PoolOfMember,
  member: MemberOfPool,
  health: GatewayHealth,
  reported: ClusterFrame | undefined,
): GatewayHealth {
  if (health.status === 'disconnected') return health
  if (pool.cluster === null) return clusterOf(reported) === undefined ? silent : health
  const said = clusterOf(reported) ?? member.cluster
  const comparison = said && compareMember(pool.cluster, said, member.isOfCluster)
  if (comparison === 'other') return elsewhere(pool.cluster, said)
  if (member.isOfCluster || comparison === 'same' || comparison === 'rotated') return health
  return silent
}

/** Why no login asks the member although it is connected; undefined: it may be asked, or is not connected. */
export function exclusionOf(
  pool: PoolOfMember,
  member: MemberOfPool,
  health: GatewayHealth,
  reported: ClusterFrame | undefined,
): string | undefined {
  if (health.status === 'disconnected') return undefined
  const standing = standingOf(pool, member, { status: 'healthy' }, reported)
  return standing.status === 'degraded' ? standing.reason : undefined
}

function elsewhere(poolCluster: Cluster, memberCluster: Cluster | null): GatewayHealth {
  const said = memberCluster === null ? 'unknown' : describeCluster(memberCluster)
  return {
    status: 'degraded',
    reason:
      `It stands in another cluster (${said}) than its pool (${describeCluster(poolCluster)}), and is asked for no ` +
      'review. Remove it from the pool; if the whole pool moved, remove all members and add them again.',
  }
}
