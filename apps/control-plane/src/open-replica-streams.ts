import type { KeyObject } from 'node:crypto'
import { dialReplica } from './replicas/dial-replica.ts'
import { DirectListener } from './replicas/direct-listener.ts'
import { StartupProblem } from './startup-problem.ts'
import type { RemoteTunnelTable } from './tunnel/remote/remote-tunnel-table.ts'
import type { TunnelBus } from './tunnel/remote/tunnel-bus.ts'
import type { GatewayStreams, StrayConnections } from './tunnel/streams/gateway-streams.ts'
import type { OtherReplicas } from './tunnel/streams/open-stream.ts'
import { RemoteCalls } from './tunnel/streams/remote-calls.ts'
import { RemoteStreams } from './tunnel/streams/remote-streams.ts'
import { createServeRemoteStreams, type HeldTunnel } from './tunnel/streams/serve-remote-streams.ts'
import type { TunnelLog, TunnelObserver } from './tunnel/tunnel-observer.ts'

interface Address {
  host: string
  port: number
}

export interface ReplicaStreamsConfig {
  replicaId: string
  /** Undefined: no raw streams for other replicas. */
  replicaListen?: Address | undefined
  /** What others dial; by default what is listened at. */
  replicaAddress?: Address | undefined
}

export interface ReplicaStreamsOptions {
  config: ReplicaStreamsConfig
  /** Of the instance; undefined: there is no other replica. */
  secret: KeyObject | undefined
  registry: { tunnelsOf: (gatewayId: string) => readonly HeldTunnel[] }
  table: Pick<RemoteTunnelTable, 'tunnelsOf' | 'find' | 'foundGone'>
  /** Of this replica; asked for once one listens. */
  streams: () => Pick<GatewayStreams, 'open' | 'openTaken'>
  bus: Pick<TunnelBus, 'request' | 'serve'>
  logger: TunnelLog
  observer: Pick<TunnelObserver, 'countStreamHopsBy' | 'streamHopRefused' | 'streamHopFailed'>
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/** Raw streams between this replica and the others. */
export interface ReplicaStreams {
  /** Undefined: there are none. */
  readonly others: OtherReplicas | undefined
  /** For connections of gateways that reach another replica than the one that called; undefined: there are none. */
  readonly strays: StrayConnections | undefined
  /** What others dial, host:port; undefined as long as nothing listens. */
  address(): string | undefined
  /** @throws StartupProblem if the address cannot be listened at */
  listen(): Promise<void>
  close(): Promise<void>
}

export function openReplicaStreams(options: ReplicaStreamsOptions): ReplicaStreams {
  const { config, secret, observer } = options
  if (secret === undefined) return noOtherReplica
  const remote = openRemoteStreams({ ...options, secret })
  const listener = openListener({ ...options, secret })
  let address: string | undefined
  const calls = new RemoteCalls({
    bus: options.bus,
    replicaId: config.replicaId,
    streamAddress: () => address,
  })
  observer.countStreamHopsBy(() => ({ incoming: listener?.size ?? 0, outgoing: remote.size }))
  return {
    others: { tunnelsOf: (gatewayId) => options.table.tunnelsOf(gatewayId), streams: remote },
    strays: { calls, streams: remote },
    address: () => address,
    listen: async () => {
      const { replicaListen, replicaAddress } = config
      if (listener === undefined || replicaListen === undefined) return
      const port = await listen(listener, replicaListen)
      address = format(replicaAddress ?? { host: replicaListen.host, port })
    },
    close: async () => {
      remote.close()
      await listener?.close()
    },
  }
}

const noOtherReplica: ReplicaStreams = {
  others: undefined,
  strays: undefined,
  address: () => undefined,
  listen: () => Promise.resolve(),
  close: () => Promise.resolve(),
}

type Options = ReplicaStreamsOptions & { secret: KeyObject }

function openRemoteStreams({ config, secret, table, logger, observer, elapsed }: Options): RemoteStreams {
  const { replicaId } = config
  return new RemoteStreams({
    dial: (to, request, signal) => dialReplica({ to, replicaId, secret, request, signal }),
    log: logger,
    onFailed: (reason) => observer.streamHopFailed(reason),
    onGone: (place) => {
      const tunnel = 'tunnelId' in place ? table.find(place.tunnelId) : undefined
      if (tunnel !== undefined) table.foundGone(tunnel)
    },
    elapsed,
  })
}

function openListener({ config, secret, registry, streams, logger, observer }: Options) {
  const { replicaId, replicaListen } = config
  if (replicaListen === undefined) return undefined
  return new DirectListener({
    listen: replicaListen,
    replicaId,
    secret,
    answer: createServeRemoteStreams({
      tunnelsOf: (gatewayId) => registry.tunnelsOf(gatewayId),
      streams: {
        open: (tunnel, target, signal) => streams().open(tunnel, target, signal),
        openTaken: (named) => streams().openTaken(named),
      },
    }),
    onRefused: (reason) => observer.streamHopRefused(reason),
    onError: (error) => logger.error({ err: error }, 'a raw stream for another replica failed'),
  })
}

async function listen(listener: DirectListener, { host, port }: Address): Promise<number> {
  try {
    return await listener.listen()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new StartupProblem(
      `Cannot listen for other replicas on ${host} port ${port} (${code}). Set POSTERN_REPLICA_LISTEN to a free address of this machine.`,
      { cause: error },
    )
  }
}

function format({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
