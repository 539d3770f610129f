import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { type Server, type Socket, createServer } from 'node:net'
import type { Duplex } from 'node:stream'

import { keepAliveMs } from './dial-replica.ts'
import { DirectFailure, type DirectFailureReason, readMessage, writeMessage } from './direct-messages.ts'
import { withinPhase } from './direct-phase.ts'
import { DirectProofs, createHolderNonce, readHello } from './direct-proofs.ts'
import { cut, joinStreams } from './join-streams.ts'

/**
 * Answers a request of another replica. With a stream, raw bytes follow the answer; without, the connection ends.
 * If it rejects, the connection ends without an answer.
 * @param signal fires when the caller is gone, or the time is over
 */
export type AnswerDirect = (
  request: Uint8Array,
  signal: AbortSignal,
) => Promise<{ answer: Uint8Array; stream?: Duplex | undefined }>

export interface DirectListenerOptions {
  listen: { host: string; port: number }
  /** This replica: who means another one is sent away. */
  replicaId: string
  /** Of the instance. */
  secret: KeyObject
  answer: AnswerDirect
  /** A connection came to nothing before its answer. */
  onRefused: (reason: DirectFailureReason) => void
  /** A bug, or what the system refuses. */
  onError: (error: unknown) => void
  limits?: Partial<DirectLimits>
}

export interface DirectLimits {
  helloMs: number
  requestMs: number
  answerMs: number
  /** Without a byte in either direction. */
  idleMs: number
  /** Connections that have not proven anything yet. */
  strangersMax: number
  connectionsMax: number
}

const defaultLimits: DirectLimits = {
  helloMs: 2_000,
  requestMs: 5_000,
  answerMs: 10_000,
  idleMs: 15 * 60_000,
  strangersMax: 64,
  connectionsMax: 1_024,
}

/**
 * Takes direct connections of other replicas.
 *
 * 1. Nothing is asked of anybody for who has not proven to know the instance secret.
 * 2. Each phase has its time, and each count its bound. Of strangers the one that came first gives way: a replica needs
 *    a round trip or two, so that whoever only holds connections open shuts nobody out.
 */
export class DirectListener {
  readonly #options: DirectListenerOptions
  readonly #limits: DirectLimits
  readonly #server: Server
  /** In the order in which they came, each with what ends its phases. */
  readonly #strangers = new Map<Socket, AbortController>()
  readonly #proven = new Set<Socket>()

  constructor(options: DirectListenerOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#server = createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs },
      (socket) => this.#accept(socket),
    )
  }

  /** Connections that have proven themselves. */
  get size(): number {
    return this.#proven.size
  }

  /** @returns the port */
  async listen(): Promise<number> {
    const { host, port } = this.#options.listen
    this.#server.listen({ host, port })
    await once(this.#server, 'listening')
    this.#server.on('error', this.#options.onError)
    const address = this.#server.address()
    // Only a server on a pipe has a name instead. Source: Node.js documentation, server.address().
    return typeof address === 'object' && address !== null ? address.port : this.#options.listen.port
  }

  /** Ends all connections; resolves when they are gone. */
  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of [...this.#strangers.keys(), ...this.#proven]) cut(socket)
    await closed
  }

  #accept(socket: Socket): void {
    const ending = new AbortController()
    socket.on('error', () => undefined)
    socket.once('close', () => {
      this.#strangers.delete(socket)
      this.#proven.delete(socket)
      ending.abort(new DirectFailure('closed', 'the caller is gone'))
    })
    this.#strangers.set(socket, ending)
    this.#makeRoom()
    void this.#serve(socket, ending.signal).catch((error: unknown) => {
      if (!(error instanceof DirectFailure)) this.#options.onError(error)
      else if (this.#server.listening) this.#options.onRefused(error.reason)
      cut(socket)
    })
  }

  #makeRoom(): void {
    const [first] = this.#strangers
    if (first === undefined || this.#strangers.size <= this.#limits.strangersMax) return
    const [socket, ending] = first
    this.#strangers.delete(socket)
    ending.abort(new DirectFailure('overloaded', 'too many strangers'))
  }

  async #serve(socket: Socket, signal: AbortSignal): Promise<void> {
    const { secret, answer, replicaId } = this.#options
    const { helloMs, requestMs, answerMs, idleMs, connectionsMax } = this.#limits
    const hello = await withinPhase({ name: 'hello', ms: helloMs, signal }, (phase) =>
      readMessage(socket, phase),
    )
    const { holderId } = readHello(hello) ?? {}
    if (holderId !== replicaId) throw new DirectFailure('malformed', 'no hello to this replica')
    const nonce = createHolderNonce()
    const proofs = new DirectProofs(secret, hello, nonce)
    writeMessage(socket, proofs.prove('challenge', nonce))
    const message = await withinPhase({ name: 'the request', ms: requestMs, signal }, (phase) =>
      readMessage(socket, phase),
    )
    const request = proofs.open('request', message)
    if (request === undefined) throw new DirectFailure('not-proven', 'the caller does not know the secret')
    if (this.#proven.size >= connectionsMax) throw new DirectFailure('overloaded', 'too many connections')
    this.#strangers.delete(socket)
    this.#proven.add(socket)
    socket.setTimeout(idleMs, () => cut(socket))
    const answered = await withinPhase({ name: 'opening', ms: answerMs, signal }, (phase) =>
      answer(request, phase),
    )
    if (socket.destroyed) {
      answered.stream?.destroy()
      return
    }
    writeMessage(socket, proofs.prove('answer', answered.answer))
    if (answered.stream === undefined) socket.end().resume()
    else joinStreams(socket, answered.stream)
  }
}
