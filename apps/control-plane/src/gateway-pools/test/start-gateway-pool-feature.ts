import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterFrame } from '@postern/protocol'
import type { Kysely } from 'kysely'
import { createCommit } from '../../database/commit.ts'
import type { Schema } from '../../database/schema.ts'
import type { GatewayHealth } from '../../gateways/gateway-health.ts'
import type { LiveTunnels } from '../../gateways/live-tunnels.ts'
import { createRecordedAudit, type RecordedAudit } from '../../gateways/test/recorded-audit.ts'
import { actorOf, call, type CallOptions, type Reply } from '../../gateways/test/start-gateway-feature.ts'
import { startHttpServer } from '../../http/test/start-http-server.ts'
import { openGatewayPools } from '../../open-gateway-pools.ts'
import { registerGatewayPoolRoutes } from '../gateway-pool-routes.ts'
import { createGatewayPoolStorePostgres } from '../gateway-pool-store-postgres.ts'
import { createPoolMemberStorePostgres } from '../pool-member-store-postgres.ts'
import { createPoolDirectory, type PoolDirectory } from '../pool-directory.ts'

export interface GatewayPoolFeature {
  audit: RecordedAudit
  directory: PoolDirectory
  /** What the tunnels here say of a gateway from now on; without health it has none. */
  report(gatewayId: string, said: { health?: GatewayHealth; cluster?: ClusterFrame }): void
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  /** Until `check` no longer throws; within some seconds. */
  eventually<Result>(check: () => Promise<Result>): Promise<Result>
  findPoolToCheck: ReturnType<typeof openGatewayPools>['findPoolToCheck']
  close(): Promise<void>
}

/** The feature as app.ts joins it, on the given database, with tunnels that are what the test says. */
export async function startGatewayPoolFeature(database: Kysely<Schema>): Promise<GatewayPoolFeature> {
  const pools = createGatewayPoolStorePostgres(database)
  const audit = createRecordedAudit()
  const said = new Map<string, { health?: GatewayHealth; cluster?: ClusterFrame }>()
  const tunnels: LiveTunnels = {
    closeTunnelsOf: () => undefined,
    tunnelCount: (gatewayId) => (said.get(gatewayId)?.health === undefined ? 0 : 1),
    connectedCredentials: () => [...said.keys()].map((gatewayId) => ({ gatewayId, keyId: 'key' })),
    healthOf: (gatewayId) => said.get(gatewayId)?.health ?? { status: 'disconnected' },
    clusterOf: (gatewayId) => said.get(gatewayId)?.cluster,
  }
  const directory = createPoolDirectory({ pools, elapsed: () => performance.now() })
  const now = (): Date => new Date()
  const feature = openGatewayPools({
    pools,
    members: createPoolMemberStorePostgres(database),
    commit: createCommit(database, (transaction) => ({
      gatewayPools: createGatewayPoolStorePostgres(transaction),
      poolMembers: createPoolMemberStorePostgres(transaction),
      audit,
    })),
    directory,
    tunnels,
    auditLog: audit,
    logger: { warn: () => undefined },
    now,
  })
  const server = await startHttpServer((routes) =>
    registerGatewayPoolRoutes(routes, {
      authenticate: (request) => Promise.resolve(actorOf(request.headers.authorization)),
      administration: feature.administration,
      pools,
      tunnels,
      now,
    }),
  )
  return {
    audit,
    directory,
    findPoolToCheck: feature.findPoolToCheck,
    report: (gatewayId, now) => void said.set(gatewayId, now),
    call: (method, path, options) => call(server.url, method, path, options),
    eventually,
    close: async () => {
      await feature.close()
      await server.close()
    },
  }
}

const patienceMs = 8000

async function eventually<Result>(check: () => Promise<Result>): Promise<Result> {
  const deadlineAt = performance.now() + patienceMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > deadlineAt) throw error
      await sleep(50)
    }
  }
}
