import type { KeyObject } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditLog } from './audit/audit-log.ts'
import { createAuthenticateGateway } from './gateways/authenticate-gateway.ts'
import { startHeartbeatRecorder } from './gateways/heartbeat-recorder.ts'
import type { ChoosingState, TunnelSource } from './gateway-pools/choosing/pool-of-tunnels.ts'
import { openChoosing } from './gateway-pools/choosing/open-choosing.ts'
import type { ReviewObserver } from './gateway-pools/choosing/review-observer.ts'
import type { PoolDirectory } from './gateway-pools/pool-directory.ts'
import { createReviewThroughPool, membersOfGateway } from './gateway-pools/review-through-pool.ts'
import type { GatewayCredentialStore } from './gateways/gateway-credential-store.ts'
import type { GatewayTarget } from './gateways/gateway-target.ts'
import type { GatewayStore } from './gateways/gateway-store.ts'
import type { RotateGatewayKey } from './gateways/rotate-gateway-key.ts'
import { startRevocationWatch } from './gateways/revocation-watch.ts'
import { createClientIp, forwardedForOf } from './http/client-ip.ts'
import type { TokenReviewer } from './login/token-reviewer.ts'
import { openLiveTunnels } from './open-live-tunnels.ts'
import { openReplicaStreams, type ReplicaStreamsConfig } from './open-replica-streams.ts'
import { openGatewayStreams, openStreams } from './open-streams.ts'
import type { ChangeNotices } from './replicas/change-notices.ts'
import type { ReplicaBus } from './replicas/replica-bus.ts'
import { joinTunnels } from './tunnel/remote/join-tunnels.ts'
import { openRemoteTunnels } from './tunnel/remote/open-remote-tunnels.ts'
import { createTunnelEndpoint } from './tunnel/tunnel-endpoint.ts'
import type { TunnelLog, TunnelObserver } from './tunnel/tunnel-observer.ts'
import { TunnelRegistry } from './tunnel/tunnel-registry.ts'

export interface GatewaysOptions {
  config: { publicUrl: string; trustedProxies: readonly string[] } & ReplicaStreamsConfig
  gateways: GatewayStore
  poolDirectory: PoolDirectory
  credentials: GatewayCredentialStore
  audit: AuditLog
  rotateGatewayKey: RotateGatewayKey
  logger: TunnelLog
  observer: TunnelObserver
  reviewObserver: ReviewObserver
  notices: ChangeNotices
  bus: ReplicaBus
  /** Of the instance; undefined: raw streams go through this replica's own tunnels alone. */
  instanceSecret?: KeyObject | undefined
  now: () => Date
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/** The tunnels of this replica and what is known of those of others, what watches over them, and the reviewer that they make up. */
export function openGateways(options: GatewaysOptions) {
  const { config, gateways, credentials, audit, rotateGatewayKey, logger, observer, now, elapsed } = options
  // Presence is announced before anything listens.
  let streamAddress = (): string | undefined => undefined
  const remote = openRemoteTunnels({
    bus: options.bus,
    replicaId: config.replicaId,
    streamAddress: () => streamAddress(),
    observer,
    elapsed,
  })
  const registry = new TunnelRegistry({ elapsed, watch: remote.watch })
  const choosing = openChoosing({ elapsed, observer: options.reviewObserver })
  const replicaStreams = openReplicaStreams({
    ...options,
    secret: options.instanceSecret,
    registry,
    table: remote.table,
    streams: () => streams,
  })
  const streams = openGatewayStreams({ logger, observer, strays: replicaStreams.strays, elapsed })
  streamAddress = () => replicaStreams.address()
  const openStream = openStreams({
    streams,
    registry,
    others: replicaStreams.others,
    standings: choosing.standings,
    poolDirectory: options.poolDirectory,
    observer,
  })
  const { tunnels, closeOwnTunnelsOf } = openLiveTunnels({
    registry,
    remote: remote.table,
    streams,
    standings: choosing.standings,
    isDuplicated: (gatewayId) => endpoint.isDuplicated(gatewayId),
    tellOfRevocation: options.notices.on('gateway-credentials', () => revocationWatch.checkNow()),
    now,
  })
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
    tunnels: { ...tunnels, closeTunnelsOf: closeOwnTunnelsOf },
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
    replicaStreams,
    openStream,
    reviewer: createGatewayReviewer(joinTunnels(registry, remote.table), options.poolDirectory, choosing),
    close: () => {
      remote.close()
      choosing.close()
      return Promise.all(watches.map((watch) => watch.close()))
    },
  }
}

/** Whoever reviews for a gateway or a pool; a gateway is a pool of one. */
function createGatewayReviewer(
  tunnels: TunnelSource,
  poolDirectory: PoolDirectory,
  state: ChoosingState,
): (target: GatewayTarget, organizationId: string) => TokenReviewer {
  return (target, organizationId) =>
    createReviewThroughPool({
      target,
      organizationId,
      state,
      tunnels,
      members:
        target.kind === 'gateway'
          ? membersOfGateway(target.gatewayId)
          : () => poolDirectory.find(target.gatewayPoolId, organizationId),
    })
}
