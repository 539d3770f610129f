import {
  features,
  StreamSession,
  type FrameSocket,
  type Frame,
  type HelloFrame,
  type StreamTarget,
} from '@postern/protocol'
import type { TunnelLog } from '../tunnel-observer.ts'
import { StreamCalls, type GatewayProcess } from './stream-calls.ts'

/** Whom an upgrade authenticated. */
export interface StreamGateway {
  gatewayId: string
  organizationId: string
  keyId: string
}

/** A live tunnel, as far as raw streams go. */
export interface StreamTunnel extends GatewayProcess {
  readonly organizationId: string
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
  speaks(feature: number): boolean
  send(frame: Frame): void
}

interface StreamConnection extends StreamGateway, GatewayProcess {
  session: StreamSession
  socket: FrameSocket
}

export interface GatewayStreamsOptions {
  log: TunnelLog
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  pingIntervalMs: number
  idleMs?: number
  ticketMs?: number
}

const idleMsDefault = 5 * 60_000

/**
 * The connections for raw streams of this replica, at most one for each process of a gateway. One is called for over the
 * process's tunnel when the first stream is wanted, and closed when there was none for some minutes.
 */
export class GatewayStreams {
  readonly #options: GatewayStreamsOptions
  readonly #calls: StreamCalls<StreamConnection>
  readonly #connections = new Map<string, StreamConnection>()
  readonly #calling = new Map<string, Promise<StreamConnection | undefined>>()

  constructor(options: GatewayStreamsOptions) {
    this.#options = options
    this.#calls = new StreamCalls(options.ticketMs === undefined ? {} : { ticketMs: options.ticketMs })
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Streams that are open or being opened, of all connections. */
  get streamCount(): number {
    let count = 0
    for (const { session } of this.#connections.values()) count += session.size
    return count
  }

  /** The credentials behind the connections, for who watches over revocations. */
  connected(): { gatewayId: string; keyId: string }[] {
    return [...this.#connections.values()].map(({ gatewayId, keyId }) => ({ gatewayId, keyId }))
  }

  /** Streams of this process; undefined when there is no connection for them, or one that may be dead. */
  loadOf(process: GatewayProcess): number | undefined {
    const session = this.#connections.get(keyOf(process))?.session
    return session === undefined || session.isSuspect ? undefined : session.size
  }

  /**
   * Opens a stream through the process of this tunnel.
   * @returns undefined when the process does not answer the call for a connection
   * @throws StreamError, or the signal's reason
   */
  async open(tunnel: StreamTunnel, target: StreamTarget, signal: AbortSignal) {
    const connection = await untilAborted(this.#connectionOf(tunnel), signal)
    return connection?.session.open(target, signal)
  }

  /**
   * A connection for streams has said Hello. Spends its ticket.
   * @returns what takes the connection over, after Welcome was sent; undefined: it is not expected
   */
  admit(gateway: StreamGateway, hello: HelloFrame): ((socket: FrameSocket) => void) | undefined {
    const process = { gatewayId: gateway.gatewayId, instanceId: hello.instanceId }
    const answer = this.#calls.redeem(hello.ticket, process)
    if (answer === undefined) return undefined
    return (socket) => answer(this.#begin(socket, gateway, process))
  }

  /** Closes the connections of a revoked gateway; with a key, only those that authenticated with it. */
  closeStreamsOf(gatewayId: string, reason: string, keyId?: string): void {
    for (const connection of this.#connections.values()) {
      if (connection.gatewayId !== gatewayId) continue
      if (keyId === undefined || connection.keyId === keyId) connection.session.close('revoked', reason)
    }
  }

  /** Closes all, because this replica stops; resolves when the connections are gone. */
  async close(): Promise<void> {
    this.#calls.cancelAll()
    const connections = [...this.#connections.values()]
    for (const { session } of connections) session.close('shutting-down', 'this replica is stopping')
    await Promise.all(connections.map(({ socket }) => socket.closed))
  }

  #connectionOf(tunnel: StreamTunnel): Promise<StreamConnection | undefined> {
    const key = keyOf(tunnel)
    const connection = this.#connections.get(key)
    if (connection?.session.isOpen === true) return Promise.resolve(connection)
    if (!tunnel.speaks(features.streams)) return Promise.resolve(undefined)
    const calling = this.#calling.get(key) ?? this.#call(tunnel).finally(() => this.#calling.delete(key))
    this.#calling.set(key, calling)
    return calling
  }

  #call(tunnel: StreamTunnel): Promise<StreamConnection | undefined> {
    const { ticket, answered, cancel } = this.#calls.issue(tunnel)
    tunnel.send({ kind: 'dial-streams', ticket })
    // Whoever waits can go elsewhere at once: the call may have died with its tunnel.
    void tunnel.closed.then(cancel)
    return answered
  }

  #begin(socket: FrameSocket, gateway: StreamGateway, process: GatewayProcess): StreamConnection {
    const { log, elapsed, pingIntervalMs, idleMs } = this.#options
    const key = keyOf(process)
    const session = new StreamSession({
      channel: socket,
      pingIntervalMs,
      elapsed,
      idleMs: idleMs ?? idleMsDefault,
      onEnd: (end) => {
        if (this.#connections.get(key) === connection) this.#connections.delete(key)
        log.info({ ...process, end }, 'connection for streams closed')
      },
    })
    const connection: StreamConnection = { ...gateway, ...process, session, socket }
    this.#connections.get(key)?.session.close('replaced', 'a newer connection for streams has come')
    this.#connections.set(key, connection)
    log.info(process, 'connection for streams opened')
    session.start()
    return connection
  }
}

function keyOf({ gatewayId, instanceId }: GatewayProcess): string {
  return `${gatewayId} ${instanceId}`
}

/** The call goes on for whoever else waits for it. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  signal.throwIfAborted()
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>()
  const onAbort = (): void => resolve(undefined)
  signal.addEventListener('abort', onAbort, { once: true })
  const result = await Promise.race([promise, aborted])
  signal.removeEventListener('abort', onAbort)
  signal.throwIfAborted()
  return result
}
