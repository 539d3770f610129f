import { heartbeatDefaults } from '@postern/protocol'
import type { PoolDirectory } from './gateway-pools/pool-directory.ts'
import { GatewayStreams, type StrayConnections } from './tunnel/streams/gateway-streams.ts'
import {
  createOpenStream,
  type OpenStream,
  type OtherReplicas,
  type OwnTunnel,
} from './tunnel/streams/open-stream.ts'
import type { GatewayProcess } from './tunnel/streams/stream-calls.ts'
import type { TunnelLog, TunnelObserver } from './tunnel/tunnel-observer.ts'

export interface OpenStreamOptions {
  streams: GatewayStreams
  registry: { tunnelsOf: (gatewayId: string) => readonly OwnTunnel[] }
  others: OtherReplicas | undefined
  /** What choosing for reviews knows. */
  standings: { isProcessOut: (process: GatewayProcess) => boolean }
  poolDirectory: PoolDirectory
  observer: Pick<TunnelObserver, 'streamRefused'>
}

export interface GatewayStreamsOptions {
  logger: TunnelLog
  observer: Pick<TunnelObserver, 'countStreamsBy'>
  strays: StrayConnections | undefined
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/** The connections for raw streams of this replica. */
export function openGatewayStreams({
  logger,
  observer,
  strays,
  elapsed,
}: GatewayStreamsOptions): GatewayStreams {
  const streams = new GatewayStreams({
    log: logger,
    elapsed,
    strays,
    pingIntervalMs: heartbeatDefaults.pingIntervalMs,
  })
  observer.countStreamsBy(() => ({
    connections: streams.connectionCount,
    streams: streams.streamCount,
  }))
  return streams
}

/** The way to open a stream through a gateway or a pool, on this replica or over another. */
export function openStreams({
  streams,
  registry,
  others,
  standings,
  poolDirectory,
  observer,
}: OpenStreamOptions): OpenStream {
  return createOpenStream({
    streams,
    tunnelsOf: (gatewayId) => registry.tunnelsOf(gatewayId),
    others,
    membersOf: async (target, organizationId) =>
      target.kind === 'gateway'
        ? { memberIds: [target.gatewayId], admits: () => true }
        : poolDirectory.find(target.gatewayPoolId, organizationId),
    isOut: (process) => standings.isProcessOut(process),
    random: Math.random,
    onRefused: (reason) => observer.streamRefused(reason),
  })
}
