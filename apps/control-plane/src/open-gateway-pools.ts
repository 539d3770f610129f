import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditLog } from './audit/audit-log.ts'
import type { Commit } from './database/commit.ts'
import {
  createGatewayPoolAdministration,
  type GatewayPoolChangeScope,
} from './gateway-pools/administer-gateway-pools.ts'
import { type ClusterReportScope, startClusterWatch } from './gateway-pools/cluster-watch.ts'
import type { GatewayPoolStore } from './gateway-pools/gateway-pool-store.ts'
import type { PoolDirectory } from './gateway-pools/pool-directory.ts'
import type { LiveTunnels } from './gateways/live-tunnels.ts'

export interface GatewayPoolsOptions {
  pools: GatewayPoolStore
  commit: Commit<GatewayPoolChangeScope & ClusterReportScope>
  directory: PoolDirectory
  tunnels: LiveTunnels
  auditLog: AuditLog
  logger: { warn(fields: Record<string, unknown>, message: string): void }
  now: () => Date
}

/** Who may change pools, and what keeps a pool to one cluster. */
export function openGatewayPools(options: GatewayPoolsOptions) {
  const { pools, commit, directory, tunnels, auditLog, logger, now } = options
  const onChanged = (gatewayPoolId: string): void => directory.forget(gatewayPoolId)
  const watch = startClusterWatch({
    pools,
    commit,
    tunnels,
    onChanged,
    logger,
    now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  })
  return {
    administration: createGatewayPoolAdministration({ pools, commit, tunnels, auditLog, onChanged, now }),
    close: () => watch.close(),
  }
}
