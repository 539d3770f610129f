import type { ClusterFrame } from '@postern/protocol'
import { type Cluster, clusterOf } from './compare-clusters.ts'
import type { GatewayPool, GatewayPoolStore } from './gateway-pool-store.ts'
import { admitsCandidate, admitsNewcomer, isCandidate } from './member-standing.ts'

/** Who may review for a pool now. */
export interface PoolMembers {
  /** In the order in which they were added; without those that were found in another cluster. */
  readonly memberIds: readonly string[]
  /** Whether a tunnel of a member on which this was said may be used. */
  readonly admits: (cluster: ClusterFrame | undefined) => boolean
}

/** What logins ask for: no database read per call, and never older than a second. */
export interface PoolDirectory {
  /** Undefined for a pool that is not there, or of another organization. Rejects when the database does not answer. */
  find(gatewayPoolId: string, organizationId: string): Promise<PoolMembers | undefined>
  /** Call it after each committed change: whoever asks from now on gets the new state. */
  forget(gatewayPoolId: string): void
  /** The same for a change that may be of any pool of the organization. */
  forgetOrganization(organizationId: string): void
}

export interface PoolDirectoryOptions {
  pools: Pick<GatewayPoolStore, 'find'>
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

interface Entry {
  organizationId: string
  members: Promise<PoolMembers | undefined>
  readAtMs: number
}

const ageMsMax = 1000
const entriesMax = 10_000

export function createPoolDirectory({ pools, elapsed }: PoolDirectoryOptions): PoolDirectory {
  const entries = new Map<string, Entry>()

  function read(gatewayPoolId: string, organizationId: string): Promise<PoolMembers | undefined> {
    const members = pools.find(gatewayPoolId, organizationId).then((pool) => pool && membersOf(pool))
    const entry = { organizationId, members, readAtMs: elapsed() }
    entries.delete(gatewayPoolId)
    entries.set(gatewayPoolId, entry)
    for (const oldest of entries.keys()) {
      if (entries.size <= entriesMax) break
      entries.delete(oldest)
    }
    // A failure is told to those who wait for it, and not remembered.
    members.catch(() => {
      if (entries.get(gatewayPoolId) === entry) entries.delete(gatewayPoolId)
    })
    return members
  }

  return {
    find: async (gatewayPoolId, organizationId) => {
      const entry = entries.get(gatewayPoolId)
      const isCurrent = entry?.organizationId === organizationId && elapsed() - entry.readAtMs < ageMsMax
      return isCurrent ? entry.members : read(gatewayPoolId, organizationId)
    },
    // Dropping the entry also drops a read under way, which may have seen the state before the change.
    forget: (gatewayPoolId) => void entries.delete(gatewayPoolId),
    forgetOrganization: (organizationId) => {
      for (const [gatewayPoolId, entry] of entries) {
        if (entry.organizationId === organizationId) entries.delete(gatewayPoolId)
      }
    },
  }
}

function membersOf(pool: GatewayPool): PoolMembers {
  /** A tunnel keeps one frame for as long as its gateway says the same. */
  const judged = new WeakMap<ClusterFrame, boolean>()
  /** Of a pool that has none on record yet: whoever is heard first decides, here, until there is one. */
  let first: Cluster | undefined
  const judge = (reported: ClusterFrame): boolean => {
    if (pool.cluster !== null) return admitsCandidate(pool.cluster, reported)
    const cluster = clusterOf(reported)
    if (cluster === undefined) return false
    first ??= cluster
    return admitsNewcomer(first, cluster)
  }
  return {
    memberIds: pool.members.filter((member) => isCandidate(pool, member)).map(({ gatewayId }) => gatewayId),
    admits: (cluster) => {
      // Nobody was found in a cluster yet that is not known: whoever says nothing may be anywhere.
      if (cluster === undefined) return pool.cluster !== null
      const known = judged.get(cluster)
      if (known !== undefined) return known
      const isAdmitted = judge(cluster)
      judged.set(cluster, isAdmitted)
      return isAdmitted
    },
  }
}
