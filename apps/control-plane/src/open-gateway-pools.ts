import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditLog } from './audit/audit-log.ts'
import type { Commit } from './database/commit.ts'
import {
  createGatewayPoolAdministration,
  type GatewayPoolChangeScope,
} from './gateway-pools/administer-gateway-pools.ts'
import { type ClusterReportScope, startClusterWatch } from './gateway-pools/cluster-watch.ts'
import type { GatewayPool, GatewayPoolStore, PoolMemberStore } from './gateway-pools/gateway-pool-store.ts'
import { exclusionOf } from './gateway-pools/member-standing.ts'
import type { PoolDirectory } from './gateway-pools/pool-directory.ts'
import type { LiveTunnels } from './gateways/live-tunnels.ts'
import type { PoolToCheck } from './kubernetes-auth/check-pool.ts'

export interface GatewayPoolsOptions {
  pools: GatewayPoolStore
  members: PoolMemberStore
  commit: Commit<GatewayPoolChangeScope & ClusterReportScope>
  directory: PoolDirectory
  tunnels: LiveTunnels
  auditLog: AuditLog
  logger: { warn(fields: Record<string, unknown>, message: string): void }
  now: () => Date
}

/** Who may change pools, and what keeps a pool to one cluster. */
export function openGatewayPools(options: GatewayPoolsOptions) {
  const { pools, members, commit, directory, tunnels, auditLog, logger, now } = options
  const onChanged = (gatewayPoolId: string): void => directory.forget(gatewayPoolId)
  const watch = startClusterWatch({
    members,
    commit,
    tunnels,
    onChanged,
    logger,
    now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  })
  return {
    administration: createGatewayPoolAdministration({ pools, commit, tunnels, auditLog, onChanged, now }),
    /** For trying a pool before a configuration that names it is saved. */
    findPoolToCheck: async (gatewayPoolId: string, organizationId: string) => {
      const pool = await pools.find(gatewayPoolId, organizationId)
      return pool && poolToCheck(pool, tunnels)
    },
    close: () => watch.close(),
  }
}

function poolToCheck(pool: GatewayPool, tunnels: LiveTunnels): PoolToCheck {
  const members = pool.members.map((member) => {
    const { gatewayId, gatewayName, revokedAt } = member
    const [health, reported] = [tunnels.healthOf(gatewayId), tunnels.clusterOf(gatewayId)]
    const keptOut = exclusionOf(pool, member, health, reported)
    return { gatewayId, gatewayName, isRevoked: revokedAt !== null, keptOut }
  })
  return { name: pool.name, members }
}
