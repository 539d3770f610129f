import type { Duplex } from 'node:stream'
import { StreamError, type StreamTarget } from '@postern/protocol'
import type { TunnelLog } from '../tunnel-observer.ts'
import type { CandidateTunnel } from './candidate-tunnel.ts'
import { readStreamAnswer, type StreamHold, writeStreamRequest } from './remote-stream.ts'

/** Where another replica holds a tunnel, or a connection for streams. */
export interface StreamPlace {
  gatewayId: string
  readonly organizationId: string
  /** The id of the replica that holds it. */
  readonly heldBy: string
  /** What to dial there, host:port; undefined: the replica opens no streams for others. */
  readonly streamAddress: string | undefined
  /** It was not heard of lately: that it cannot be reached is no news. */
  readonly isSuspect: boolean
}

/** A tunnel that another replica holds, as far as streams go. */
export interface RemoteStreamTunnel extends CandidateTunnel, StreamPlace {
  readonly tunnelId: string
}

/** Where to dial a replica. */
export interface ReplicaAddress {
  replicaId: string
  host: string
  port: number
}

/** `replicas/dial-replica.ts`. Rejects with an error that has a `reason`, or with the signal's reason. */
export type DialReplica = (
  to: ReplicaAddress,
  request: Uint8Array,
  signal: AbortSignal,
) => Promise<{ answer: Uint8Array; socket: DirectSocket }>

/** A TCP socket. */
export interface DirectSocket extends Duplex {
  /** Ends it so that the other side cannot take it for the end of what was to come. */
  resetAndDestroy(): unknown
}

export interface RemoteStreamsOptions {
  dial: DialReplica
  log: Pick<TunnelLog, 'warn'>
  /** By why nothing came of it. */
  onFailed: (reason: string) => void
  /** The holder says that it has it no more. */
  onGone: (place: StreamPlace & StreamHold) => void
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  connectionsMax?: number
}

/** Others come first for so long when a replica could not be reached. */
const doubtMs = 10_000
/** As many replicas as may be there; whoever was doubted first is asked again first. */
const doubtedMax = 256
const connectionsMaxDefault = 1_024

/** Raw streams through tunnels and connections that other replicas hold, each on a direct connection of its own. */
export class RemoteStreams {
  readonly #options: RemoteStreamsOptions
  readonly #connectionsMax: number
  readonly #connections = new Set<DirectSocket>()
  readonly #closing = new AbortController()
  /** When each was found unreachable, by address. */
  readonly #doubted = new Map<string, number>()
  #dialling = 0

  constructor(options: RemoteStreamsOptions) {
    this.#options = options
    this.#connectionsMax = options.connectionsMax ?? connectionsMaxDefault
  }

  /** Direct connections that are open or being opened. */
  get size(): number {
    return this.#connections.size + this.#dialling
  }

  /** Its replica could not be reached a moment ago. */
  isInDoubt({ streamAddress }: Pick<StreamPlace, 'streamAddress'>): boolean {
    const since = this.#doubted.get(streamAddress ?? '')
    return since !== undefined && this.#options.elapsed() - since < doubtMs
  }

  /**
   * Opens a stream through what is held there.
   * @throws StreamError, or the signal's reason
   */
  async open(place: StreamPlace & StreamHold, target: StreamTarget, signal: AbortSignal): Promise<Duplex> {
    if (this.size >= this.#connectionsMax)
      throw new StreamError('overloaded', 'this replica has too many streams through others')
    this.#dialling += 1
    try {
      const { answer, socket } = await this.#dial(place, target, signal)
      return this.#take(place, answer, socket)
    } finally {
      this.#dialling -= 1
    }
  }

  /** Cuts all streams, because this replica stops. */
  close(): void {
    this.#closing.abort(new StreamError('connection-lost', 'this replica is stopping'))
    for (const connection of this.#connections) connection.resetAndDestroy()
  }

  async #dial(place: StreamPlace & StreamHold, target: StreamTarget, signal: AbortSignal) {
    const { dial, onFailed } = this.#options
    const { gatewayId, organizationId, heldBy, streamAddress = '' } = place
    const to = parseAddress(heldBy, streamAddress)
    if (to === undefined)
      throw new StreamError('connection-lost', `the replica ${heldBy} opens no streams for others`)
    const hold = 'tunnelId' in place ? { tunnelId: place.tunnelId } : { connectionId: place.connectionId }
    const request = writeStreamRequest({ organizationId, gatewayId, ...hold, ...target })
    try {
      const dialled = await dial(to, request, AbortSignal.any([signal, this.#closing.signal]))
      this.#doubted.delete(streamAddress)
      return dialled
    } catch (error) {
      signal.throwIfAborted()
      this.#closing.signal.throwIfAborted()
      const reason = readReason(error)
      if (reason === undefined) throw error
      onFailed(reason)
      this.#doubt(place, error)
      throw new StreamError('connection-lost', `the replica ${heldBy} at ${streamAddress}: ${reason}`)
    }
  }

  #take(place: StreamPlace & StreamHold, message: Uint8Array, socket: DirectSocket): Duplex {
    const { onFailed, onGone } = this.#options
    const answer = readStreamAnswer(message)
    if (answer?.kind === 'opened') {
      this.#connections.add(socket)
      socket.once('close', () => this.#connections.delete(socket))
      return socket
    }
    socket.destroy()
    if (answer?.kind === 'refused') throw new StreamError(answer.reason, answer.detail)
    if (answer === undefined) onFailed('malformed')
    else onGone(place)
    throw new StreamError(
      'connection-lost',
      `the replica ${place.heldBy} has no such tunnel or connection any more`,
    )
  }

  #doubt({ heldBy, streamAddress = '', isSuspect }: StreamPlace, error: unknown): void {
    const { log, elapsed } = this.#options
    const before = this.#doubted.get(streamAddress)
    if (before === undefined && !isSuspect)
      log.warn(
        { replica: heldBy, address: streamAddress, err: error },
        'another replica cannot be reached for a raw stream: check POSTERN_REPLICA_ADDRESS there, and what is between',
      )
    this.#doubted.delete(streamAddress)
    this.#doubted.set(streamAddress, elapsed())
    const [oldest] = this.#doubted.keys()
    if (this.#doubted.size > doubtedMax && oldest !== undefined) this.#doubted.delete(oldest)
  }
}

function readReason(error: unknown): string | undefined {
  return error instanceof Error && 'reason' in error && typeof error.reason === 'string'
    ? error.reason
    : undefined
}

/** `host:port`, or `[address]:port`. */
function parseAddress(replicaId: string, text: string): ReplicaAddress | undefined {
  const [, address, name, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = address ?? name
  return host === undefined ? undefined : { replicaId, host, port: Number(port) }
}
