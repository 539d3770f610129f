import { heartbeatDefaults } from '@postern/protocol'
import type { PoolDirectory } from './gateway-pools/pool-directory.ts'
import { GatewayStreams } from './tunnel/streams/gateway-streams.ts'
import { createOpenStream, type CandidateTunnel, type OpenStream } from './tunnel/streams/open-stream.ts'
import type { GatewayProcess } from './tunnel/streams/stream-calls.ts'
import type { TunnelLog, TunnelObserver } from './tunnel/tunnel-observer.ts'

export interface StreamsOptions {
  registry: { tunnelsOf: (gatewayId: string) => readonly CandidateTunnel[] }
  /** What choosing for reviews knows. */
  standings: { isProcessOut: (process: GatewayProcess) => boolean }
  poolDirectory: PoolDirectory
  logger: TunnelLog
  observer: Pick<TunnelObserver, 'streamRefused' | 'countStreamsBy'>
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/** The connections for raw streams of this replica, and the way to open a stream through a gateway or a pool. */
export function openStreams({
  registry,
  standings,
  poolDirectory,
  logger,
  observer,
  elapsed,
}: StreamsOptions): { streams: GatewayStreams; openStream: OpenStream } {
  const streams = new GatewayStreams({
    log: logger,
    elapsed,
    pingIntervalMs: heartbeatDefaults.pingIntervalMs,
  })
  observer.countStreamsBy(() => ({
    connections: streams.connectionCount,
    streams: streams.streamCount,
  }))
  const openStream = createOpenStream({
    streams,
    tunnelsOf: (gatewayId) => registry.tunnelsOf(gatewayId),
    membersOf: async (target, organizationId) =>
      target.kind === 'gateway'
        ? { memberIds: [target.gatewayId], admits: () => true }
        : poolDirectory.find(target.gatewayPoolId, organizationId),
    isOut: (process) => standings.isProcessOut(process),
    random: Math.random,
    onRefused: (reason) => observer.streamRefused(reason),
  })
  return { streams, openStream }
}
