import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import {
  features,
  StreamError,
  StreamSession,
  type FrameSocket,
  type Frame,
  type HelloFrame,
  type StreamTarget,
} from '@postern/protocol'
import type { TunnelLog } from '../tunnel-observer.ts'
import type { RemoteCalls, StrayConnection } from './remote-calls.ts'
import type { RemoteStreams } from './remote-streams.ts'
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

/** Opens a stream; see `GatewayStreams.open`. */
export type OpenStreamTo = (target: StreamTarget, signal: AbortSignal) => Promise<Duplex | undefined>

/** What has come of a call. */
type Answer =
  /** The connection has reached this replica. */
  | { kind: 'here'; connection: StreamConnection }
  /** It has reached another one. */
  | { kind: 'elsewhere'; connection: StrayConnection; streams: number }

type Elsewhere = Extract<Answer, { kind: 'elsewhere' }>

/** A connection that this replica keeps for the one that called for it, and opened or not yet. */
interface Taken extends StreamGateway, GatewayProcess {
  /** The replica that called. */
  calledBy?: string
  connection: Promise<StreamConnection | undefined>
}

/** Where the connection that was called for may reach another replica. */
export interface StrayConnections {
  calls: Pick<RemoteCalls, 'await' | 'claim'>
  streams: Pick<RemoteStreams, 'open' | 'isInDoubt'>
}

export interface GatewayStreamsOptions {
  log: TunnelLog
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  pingIntervalMs: number
  /** Undefined: there is no other replica. */
  strays?: StrayConnections | undefined
  idleMs?: number
  ticketMs?: number
}

const idleMsDefault = 5 * 60_000
/** Of connections that have reached a replica which could not be reached from here a moment ago, for each call. */
const refusedMax = 2

/**
 * The connections for raw streams of this replica. One for each process of a gateway is called for over the process's
 * tunnel when the first stream is wanted, and closed when there was none for some minutes. Where it reaches another
 * replica, that one keeps it, and opens the streams on it for this one.
 */
export class GatewayStreams {
  readonly #options: GatewayStreamsOptions
  readonly #calls: StreamCalls<Answer>
  readonly #connections = new Set<StreamConnection>()
  /** What this replica called for, by process. */
  readonly #answers = new Map<string, Answer>()
  readonly #calling = new Map<string, Promise<Answer | undefined>>()
  /** What others called for, by the id that they know. */
  readonly #taken = new Map<string, Taken>()
  #isLeaving = false

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
    for (const { session } of this.#connections) count += session.size
    return count
  }

  /** The credentials behind the connections, for who watches over revocations. */
  connected(): { gatewayId: string; keyId: string }[] {
    return [...this.#connections].map(({ gatewayId, keyId }) => ({ gatewayId, keyId }))
  }

  /** Streams of this process; undefined when there is no connection for them, or one that may be dead. */
  loadOf(process: GatewayProcess): number | undefined {
    const answer = this.#answers.get(keyOf(process))
    if (answer?.kind === 'elsewhere')
      return this.#options.strays?.streams.isInDoubt(answer.connection) === true ? undefined : answer.streams
    const session = answer?.connection.session
    return session?.isOpen === true && !session.isSuspect ? session.size : undefined
  }

  /**
   * Opens a stream through the process of this tunnel.
   * @returns undefined when the process does not answer the call for a connection
   * @throws StreamError, or the signal's reason
   */
  async open(tunnel: StreamTunnel, target: StreamTarget, signal: AbortSignal): Promise<Duplex | undefined> {
    const answer = await untilAborted(this.#answerOf(tunnel), signal)
    try {
      return await this.#openBy(answer, tunnel, target, signal)
    } catch (error) {
      if (!isLost(error)) throw error
      // Whoever had it has closed it because it stood unused, is gone, or cannot be reached from here.
      return this.#openBy(await untilAborted(this.#answerOf(tunnel), signal), tunnel, target, signal)
    }
  }

  #openBy(
    answer: Answer | undefined,
    tunnel: StreamTunnel,
    target: StreamTarget,
    signal: AbortSignal,
  ): Promise<Duplex | undefined> {
    if (answer === undefined) return Promise.resolve(undefined)
    return answer.kind === 'elsewhere'
      ? this.#openElsewhere(tunnel, answer, target, signal)
      : answer.connection.session.open(target, signal)
  }

  /**
   * Opens a stream on a connection that this replica has taken for the one that asks.
   * @returns undefined: it is not here, or not any more
   */
  openTaken(named: {
    connectionId: string
    gatewayId: string
    organizationId: string
  }): OpenStreamTo | undefined {
    const taken = this.#isLeaving ? undefined : this.#taken.get(named.connectionId)
    // T48: one of another organization is none.
    if (taken?.gatewayId !== named.gatewayId || taken.organizationId !== named.organizationId)
      return undefined
    return async (target, signal) =>
      (await untilAborted(taken.connection, signal))?.session.open(target, signal)
  }

  /**
   * A connection for streams has said Hello. Spends its ticket.
   * @returns what takes the connection over, after Welcome was sent; undefined: no replica expects it
   */
  async admit(
    gateway: StreamGateway,
    hello: HelloFrame,
  ): Promise<((socket: FrameSocket) => void) | undefined> {
    const process = { gatewayId: gateway.gatewayId, instanceId: hello.instanceId }
    const answer = this.#calls.redeem(hello.ticket, process)
    if (answer === undefined) return this.#takeStray(gateway, process, hello.ticket)
    return (socket) => {
      const connection = this.#begin(socket, gateway, process, {})
      answer({ kind: 'here', connection })
    }
  }

  /** Closes the connections of a revoked gateway; with a key, only those that authenticated with it. */
  closeStreamsOf(gatewayId: string, reason: string, keyId?: string): void {
    for (const connection of this.#connections) {
      if (connection.gatewayId !== gatewayId) continue
      if (keyId === undefined || connection.keyId === keyId) connection.session.close('revoked', reason)
    }
  }

  /** Opens no more streams for other replicas, because this one is about to stop; they call for another connection. */
  leave(): void {
    this.#isLeaving = true
  }

  /** Closes all, because this replica stops; resolves when the connections are gone. */
  async close(): Promise<void> {
    this.#calls.cancelAll()
    const connections = [...this.#connections]
    for (const { session } of connections) session.close('shutting-down', 'this replica is stopping')
    await Promise.all(connections.map(({ socket }) => socket.closed))
  }

  #answerOf(tunnel: StreamTunnel): Promise<Answer | undefined> {
    const key = keyOf(tunnel)
    const answer = this.#answers.get(key)
    if (answer?.kind === 'elsewhere' || answer?.connection.session.isOpen === true)
      return Promise.resolve(answer)
    if (!tunnel.speaks(features.streams)) return Promise.resolve(undefined)
    const calling = this.#calling.get(key) ?? this.#call(tunnel).finally(() => this.#calling.delete(key))
    this.#calling.set(key, calling)
    return calling
  }

  async #call(tunnel: StreamTunnel): Promise<Answer | undefined> {
    const { strays } = this.#options
    const { ticket, answered, cancel } = this.#calls.issue(tunnel)
    let refused = 0
    const stopAwaiting = strays?.calls.await(ticket, (connection) => {
      // Not worth the ticket: the gateway dials again, and may reach another replica then. If not, it is tried.
      if (strays.streams.isInDoubt(connection) && refused++ < refusedMax) return false
      const answer = this.#calls.redeem(ticket, connection)
      answer?.({ kind: 'elsewhere', connection, streams: 0 })
      return answer !== undefined
    })
    tunnel.send({ kind: 'dial-streams', ticket })
    // Whoever waits can go elsewhere at once: the call may have died with its tunnel.
    void tunnel.closed.then(cancel)
    const answer = await answered
    stopAwaiting?.()
    if (answer?.kind === 'elsewhere') this.#keepElsewhere(tunnel, answer)
    else if (answer?.connection.session.isOpen === true) this.#answers.set(keyOf(tunnel), answer)
    return answer
  }

  /** Until it turns out that it is gone, or until nothing else is known of the process. */
  #keepElsewhere(tunnel: StreamTunnel, answer: Elsewhere): void {
    this.#answers.set(keyOf(tunnel), answer)
    void tunnel.closed.then(() => this.#forgetAnswer(tunnel, answer))
  }

  #forgetAnswer(process: GatewayProcess, answer: Answer): void {
    if (this.#answers.get(keyOf(process)) === answer) this.#answers.delete(keyOf(process))
  }

  async #openElsewhere(
    tunnel: StreamTunnel,
    answer: Elsewhere,
    target: StreamTarget,
    signal: AbortSignal,
  ): Promise<Duplex | undefined> {
    const { organizationId } = tunnel
    answer.streams += 1
    try {
      const place = { ...answer.connection, organizationId, isSuspect: false }
      const stream = await this.#options.strays?.streams.open(place, target, signal)
      stream?.once('close', () => (answer.streams -= 1))
      return stream
    } catch (error) {
      answer.streams -= 1
      if (isLost(error)) this.#forgetAnswer(tunnel, answer)
      throw error
    }
  }

  async #takeStray(
    gateway: StreamGateway,
    process: GatewayProcess,
    ticket: Uint8Array,
  ): Promise<((socket: FrameSocket) => void) | undefined> {
    const { strays } = this.#options
    if (strays === undefined) return undefined
    const connectionId = randomUUID()
    const { promise, resolve } = Promise.withResolvers<StreamConnection | undefined>()
    // The caller may ask for a stream before its answer is read here.
    const taken: Taken = { ...gateway, ...process, connection: promise }
    this.#taken.set(connectionId, taken)
    let callerId: string | undefined
    try {
      callerId = await strays.calls.claim(ticket, process, connectionId)
    } finally {
      if (callerId === undefined) {
        this.#taken.delete(connectionId)
        resolve(undefined)
      }
    }
    if (callerId === undefined) return undefined
    const calledBy = callerId
    return (socket) => {
      this.#closeUnused(process, calledBy)
      taken.calledBy = calledBy
      resolve(this.#begin(socket, gateway, process, { connectionId, calledBy }))
    }
  }

  /** Who calls again has lost sight of what it called for before, and a gateway has four at most. */
  #closeUnused(process: GatewayProcess, calledBy: string): void {
    for (const taken of this.#taken.values()) {
      if (taken.calledBy === calledBy && keyOf(taken) === keyOf(process)) void closeIfUnused(taken)
    }
  }

  #begin(
    socket: FrameSocket,
    gateway: StreamGateway,
    process: GatewayProcess,
    { connectionId, calledBy }: { connectionId?: string; calledBy?: string },
  ): StreamConnection {
    const { log, elapsed, pingIntervalMs, idleMs } = this.#options
    const fields = calledBy === undefined ? process : { ...process, calledBy }
    const session = new StreamSession({
      channel: socket,
      pingIntervalMs,
      elapsed,
      idleMs: idleMs ?? idleMsDefault,
      onEnd: (end) => {
        this.#connections.delete(connection)
        if (connectionId !== undefined) this.#taken.delete(connectionId)
        else this.#forget(connection)
        log.info({ ...fields, end }, 'connection for streams closed')
      },
    })
    const connection: StreamConnection = { ...gateway, ...process, session, socket }
    this.#connections.add(connection)
    log.info(fields, 'connection for streams opened')
    session.start()
    return connection
  }

  #forget(connection: StreamConnection): void {
    const answer = this.#answers.get(keyOf(connection))
    if (answer?.connection === connection) this.#forgetAnswer(connection, answer)
  }
}

async function closeIfUnused({ connection }: Taken): Promise<void> {
  const session = (await connection)?.session
  if (session?.size === 0) session.close('replaced', 'a newer connection for streams has come')
}

/** Nothing opened, because what was named is there no more, or cannot be reached, or means nothing to an older version. */
function isLost(error: unknown): boolean {
  return (
    error instanceof StreamError && (error.reason === 'connection-lost' || error.reason === 'unsupported')
  )
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
