import type { Cluster, ClusterComparison } from './compare-clusters.ts'

/** Pools, with their members. An id of another organization is the same as an unknown one. */
export interface GatewayPoolStore {
  create(pool: { organizationId: string; name: string }): Promise<SavePoolOutcome>
  /** In the order of their creation. */
  list(organizationId: string): Promise<GatewayPool[]>
  find(gatewayPoolId: string, organizationId: string): Promise<GatewayPool | undefined>
  rename(
    gatewayPoolId: string,
    organizationId: string,
    name: string,
  ): Promise<SavePoolOutcome | { kind: 'pool-not-found' }>
  /** Its memberships go with it. Refused while a Kubernetes Auth names the pool, even when raced. */
  delete(gatewayPoolId: string, organizationId: string): Promise<DeletePoolOutcome>
  /** The identities' Kubernetes Auths that name the pool, by the identities' names. */
  listAttached(gatewayPoolId: string): Promise<AttachedAuth[]>
}

/** Who is in which pool, and in which cluster. */
export interface PoolMemberStore {
  /** `cluster` is what the gateway says of its own now, if it says anything; racing additions are judged in turn. */
  addMember(member: {
    gatewayPoolId: string
    organizationId: string
    gatewayId: string
    cluster: Cluster | undefined
  }): Promise<AddMemberOutcome>
  removeMember(
    gatewayPoolId: string,
    organizationId: string,
    gatewayId: string,
  ): Promise<PoolMembership | 'pool-not-found' | 'not-a-member'>
  /** Of whatever organizations: what is on record of these gateways' clusters, one entry for each membership. */
  findReports(gatewayIds: readonly string[]): Promise<MemberReport[]>
  /** Puts on record what a gateway says of its cluster, and lets its pools learn it or follow its rotation. */
  recordReport(gatewayId: string, cluster: Cluster): Promise<RecordedReport[]>
}

export interface GatewayPool {
  id: string
  organizationId: string
  name: string
  createdAt: Date
  updatedAt: Date
  /** Of the first member that said anything of its own, and followed since. Null: nobody did, or there is no member. */
  cluster: Cluster | null
  /** In the order in which they were added. */
  members: PoolMember[]
  /** How many identities' Kubernetes Auth name the pool. */
  attachedIdentityCount: number
}

export interface PoolMember {
  gatewayId: string
  gatewayName: string
  lastConnectedAt: Date | null
  revokedAt: Date | null
  /** What it last said of its cluster. */
  cluster: Cluster | null
  /** Whether that was the pool's. While the pool has no cluster nobody is. */
  isOfCluster: boolean
}

export interface PoolMembership {
  id: string
  gatewayPoolId: string
  gatewayId: string
  createdAt: Date
}

export interface AttachedAuth {
  id: string
  identityId: string
  identityName: string
}

export interface MemberReport {
  gatewayPoolId: string
  gatewayId: string
  cluster: Cluster | null
}

/** What a report meant for one pool of the gateway. */
export interface RecordedReport {
  gatewayPoolId: string
  gatewayPoolName: string
  organizationId: string
  gatewayName: string
  /** learned: the pool had no cluster, and took this one. */
  verdict: ClusterComparison | 'learned'
  /** Of the pool, before. */
  poolCluster: Cluster | null
  /** Whether the gateway was found in the pool's cluster before. */
  wasOfCluster: boolean
}

export type SavePoolOutcome = { kind: 'saved'; pool: GatewayPool } | { kind: 'name-taken' }

export type DeletePoolOutcome =
  | { kind: 'deleted'; pool: GatewayPool }
  | { kind: 'in-use'; pool: GatewayPool; attached: AttachedAuth[] }
  | { kind: 'pool-not-found' }

export type AddMemberOutcome =
  | { kind: 'added'; membership: PoolMembership; poolName: string; gatewayName: string }
  | { kind: 'already-a-member' }
  | { kind: 'pool-not-found' }
  | { kind: 'gateway-not-found' }
  | { kind: 'other-cluster'; poolName: string; poolCluster: Cluster; gatewayName: string }
