import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditLog } from './audit/audit-log.ts'
import { createAuthenticateGateway } from './gateways/authenticate-gateway.ts'
import { startHeartbeatRecorder } from './gateways/heartbeat-recorder.ts'
import type { ChoosingState } from './gateway-pools/choosing/pool-of-tunnels.ts'
import { openChoosing } from './gateway-pools/choosing/open-choosing.ts'
import type { ReviewObserver } from './gateway-pools/choosing/review-observer.ts'
import type { PoolDirectory } from './gateway-pools/pool-directory.ts'
import { createReviewThroughPool, membersOfGateway } from './gateway-pools/review-through-pool.ts'
import type { GatewayCredentialStore } from './gateways/gateway-credential-store.ts'
import type { GatewayTarget } from './gateways/gateway-target.ts'
import type { GatewayStore } from './gateways/gateway-store.ts'
import type { LiveTunnels } from './gateways/live-tunnels.ts'
import type { RotateGatewayKey } from './gateways/rotate-gateway-key.ts'
import { startRevocationWatch } from './gateways/revocation-watch.ts'
import { createClientIp, forwardedForOf } from './http/client-ip.ts'
import type { TokenReviewer } from './login/token-reviewer.ts'
import { type JudgedTunnel, judgeGatewayHealth } from './tunnel/judge-gateway-health.ts'
import type { GatewayStreams } from './tunnel/streams/gateway-streams.ts'
import { openStreams } from './open-streams.ts'
import type { ChangeNotices } from './replicas/change-notices.ts'
import { createTunnelEndpoint } from './tunnel/tunnel-endpoint.ts'
import type { TunnelLog, TunnelObserver } from './tunnel/tunnel-observer.ts'
import { TunnelRegistry } from './tunnel/tunnel-registry.ts'

export interface GatewaysOptions {
  config: { publicUrl: string; trustedProxies: readonly string[]; replicaId: string }
  gateways: GatewayStore
  poolDirectory: PoolDirectory
  credentials: GatewayCredentialStore
  audit: AuditLog
  rotateGatewayKey: RotateGatewayKey
  logger: TunnelLog
  observer: TunnelObserver
  reviewObserver: ReviewObserver
  notices: ChangeNotices
  now: () => Date
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/** The tunnels of this replica, what watches over them, and the reviewer that they make up. */
export function openGateways(options: GatewaysOptions) {
  const { config, gateways, credentials, audit, rotateGatewayKey, logger, observer, now, elapsed } = options
  const registry = new TunnelRegistry({ elapsed })
  const choosing = openChoosing({ elapsed, observer: options.reviewObserver })
  const { streams, openStream } = openStreams({
    registry,
    standings: choosing.standings,
    poolDirectory: options.poolDirectory,
    logger,
    observer,
    elapsed,
  })
  const judgedTunnels = createJudgedTunnels(registry, choosing)
  const healthOf = (gatewayId: string) =>
    judgeGatewayHealth(judgedTunnels(gatewayId), endpoint.isDuplicated(gatewayId), now().getTime())
  const ownTunnels = liveTunnelsOf(registry, streams, healthOf)
  const tellOfRevocation = options.notices.on('gateway-credentials', () => revocationWatch.checkNow())
  const tunnels: LiveTunnels = {
    ...ownTunnels,
    closeTunnelsOf: (...closing) => {
      ownTunnels.closeTunnelsOf(...closing)
      tellOfRevocation()
    },
  }
  const clientIp = createClientIp(config.trustedProxies)
  const endpoint = createTunnelEndpoint({
    registry,
    authenticateGateway: createAuthenticateGateway({
      credentials,
      audit,
      audiences: [new URL(config.publicUrl).origin],
    }),
    rotateGatewayKey,
    acceptStreams: (gateway, hello) => streams.admit(gateway, hello),
    replicaId: config.replicaId,
    log: logger,
    observer,
    clientIpOf: (request: IncomingMessage) =>
      clientIp({
        remoteAddress: request.socket.remoteAddress,
        forwardedFor: forwardedForOf(request.headers),
      }),
  })
  const wait = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal })
  const revocationWatch = startRevocationWatch({
    credentials,
    tunnels: ownTunnels,
    logger,
    now,
    sleep: wait,
  })
  const watches = [revocationWatch, startHeartbeatRecorder({ gateways, tunnels, logger, now, sleep: wait })]
  return {
    registry,
    tunnels,
    endpoint,
    streams,
    openStream,
    reviewer: createGatewayReviewer(registry, options.poolDirectory, choosing),
    close: () => {
      choosing.close()
      return Promise.all(watches.map((watch) => watch.close()))
    },
  }
}

/** Whoever reviews for a gateway or a pool; a gateway is a pool of one. */
function createGatewayReviewer(
  registry: TunnelRegistry,
  poolDirectory: PoolDirectory,
  state: ChoosingState,
): (target: GatewayTarget, organizationId: string) => TokenReviewer {
  return (target, organizationId) =>
    createReviewThroughPool({
      target,
      organizationId,
      state,
      tunnels: registry,
      members:
        target.kind === 'gateway'
          ? membersOfGateway(target.gatewayId)
          : () => poolDirectory.find(target.gatewayPoolId, organizationId),
    })
}

function liveTunnelsOf(
  registry: TunnelRegistry,
  streams: GatewayStreams,
  healthOf: LiveTunnels['healthOf'],
): LiveTunnels {
  return {
    closeTunnelsOf: (gatewayId, reason, keyIds) => {
      for (const keyId of keyIds ?? [undefined]) {
        registry.closeTunnelsOf(gatewayId, reason, keyId)
        streams.closeStreamsOf(gatewayId, reason, keyId)
      }
    },
    tunnelCount: (gatewayId) => registry.tunnelsOf(gatewayId).length,
    connectedCredentials: () => [...registry.connected(), ...streams.connected()],
    healthOf,
    clusterOf: (gatewayId) =>
      registry.tunnelsOf(gatewayId).findLast(({ cluster }) => cluster !== undefined)?.cluster,
  }
}

function createJudgedTunnels(
  registry: TunnelRegistry,
  { standings }: ChoosingState,
): (gatewayId: string) => JudgedTunnel[] {
  return (gatewayId) =>
    registry.tunnelsOf(gatewayId).map((tunnel) => ({
      isRoutable: tunnel.isRoutable,
      isSuspect: tunnel.isSuspect,
      health: tunnel.health,
      isEjected: standings.isOut(tunnel),
    }))
}
