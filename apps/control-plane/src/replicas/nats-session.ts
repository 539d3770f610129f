import {
  type Authenticator,
  type Msg,
  type NatsConnection,
  PermissionViolationError,
  type TlsOptions,
  credsAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/nats-core'
import { NatsConnectionImpl, setTransportFactory } from '@nats-io/nats-core/internal'
import { nodeResolveHost } from '@nats-io/transport-node/lib/node_transport.js'

import { BoundedTransport } from './bounded-transport.ts'
import { NatsRefusal } from './nats-refusal.ts'

export interface NatsServer {
  host: string
  port: number
  /** Undefined: no TLS, whatever the server offers. */
  tls: NatsTls | undefined
}

/** PEM, each. */
export interface NatsTls {
  ca?: string | undefined
  cert?: string | undefined
  key?: string | undefined
}

export type NatsCredentials =
  | { kind: 'none' }
  | { kind: 'password'; user: string; password: string }
  /** Reads the .creds file: whenever a connection is made, since it may be replaced while the process runs. */
  | { kind: 'credentials'; read: () => Uint8Array }

export interface SessionOptions {
  server: NatsServer
  credentials: NatsCredentials
  /** Shown by `nats server report connections`. */
  name: string
  timings: SessionTimings
}

export interface SessionTimings {
  connectMsMax: number
  pingIntervalMs: number
  /** A server that has not answered a ping for so long is gone. */
  silenceMsMax: number
}

export const usualTimings: SessionTimings = {
  connectMsMax: 3_000,
  pingIntervalMs: 1_000,
  silenceMsMax: 3_000,
}

export interface NatsMessage {
  subject: string
  /** Empty where nobody waits for an answer. */
  reply: string
  message: Uint8Array
  /** It comes from the server itself: nobody has subscribed to what a request went to. */
  isNoResponders: boolean
}

/** So much may be under way to a server that has not yet confirmed it, by answering a ping. */
const unconfirmedBytesMax = 16 * 1024 * 1024
/** The confirmation is asked for earlier than at the next interval. */
const earlyPingBytes = 4 * 1024 * 1024
const idlePingMs = 3_600_000

/** One connection to one NATS server, from its beginning to its end. It is never mended: the bus opens another. */
export class NatsSession {
  /** Resolves with the reason, for people, when there is nothing to be had from this connection any more. */
  readonly ended: Promise<string>
  /** Host and port. */
  readonly server: string
  roundTripMs: number | undefined
  readonly #connection: NatsConnection
  readonly #timings: SessionTimings
  readonly #end: (reason: string) => void
  readonly #pinger: NodeJS.Timeout
  #isEnded = false
  #permissionError: PermissionViolationError | undefined
  #pingSentAt: number | undefined
  #sentBytes = 0
  #confirmedBytes = 0

  /** @throws what `describeNatsFailure` explains */
  static async open(options: SessionOptions, events: SessionEvents): Promise<NatsSession> {
    return new NatsSession(await connect(options), options, events)
  }

  private constructor(connection: NatsConnection, options: SessionOptions, events: SessionEvents) {
    const { timings, server } = options
    this.#connection = connection
    this.server = `${server.host}:${server.port}`
    this.#timings = timings
    const { promise, resolve } = Promise.withResolvers<string>()
    this.ended = promise
    this.#end = (reason) => {
      if (this.#isEnded) return
      this.#isEnded = true
      clearInterval(this.#pinger)
      resolve(reason)
      void connection.close()
    }
    this.#pinger = setInterval(() => this.#ping(), timings.pingIntervalMs)
    void connection.closed().then((error) => this.#end(error?.message ?? 'the server closed the connection'))
    void this.#watch(events)
  }

  /** False if it is not sent. */
  publish(subject: string, message: Uint8Array, reply?: string): boolean {
    const { max_payload: messageBytesMax = 0 } = this.#connection.info ?? {}
    const isFull = this.#sentBytes - this.#confirmedBytes + message.length > unconfirmedBytesMax
    if (this.#isEnded || isFull || message.length > messageBytesMax) return false
    this.#connection.publish(subject, message, reply === undefined ? {} : { reply })
    this.#sentBytes += message.length
    if (this.#sentBytes - this.#confirmedBytes > earlyPingBytes && this.#pingSentAt === undefined)
      this.#ping()
    return true
  }

  /** @returns what ends it */
  subscribe(subject: string, hear: (message: NatsMessage) => void): () => void {
    if (this.#isEnded) return () => undefined
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) hear(readMessage(message))
      },
    })
    return () => {
      if (!this.#isEnded) subscription.unsubscribe()
    }
  }

  /**
   * When the server has taken everything that was asked of it so far.
   * @throws PermissionViolationError if one of it is not allowed
   */
  async confirm(): Promise<void> {
    await this.#connection.flush()
    // The library tells of errors in a loop of its own, which turns after the flush.
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#permissionError !== undefined) throw this.#permissionError
  }

  close(): void {
    this.#end('closed')
  }

  #ping(): void {
    if (this.#pingSentAt !== undefined) {
      if (performance.now() - this.#pingSentAt >= this.#timings.silenceMsMax)
        this.#end('the server went silent')
      return
    }
    void this.#awaitPong(performance.now(), this.#sentBytes)
  }

  async #awaitPong(sentAt: number, sentBytes: number): Promise<void> {
    this.#pingSentAt = sentAt
    try {
      await this.#connection.flush()
      this.roundTripMs = performance.now() - sentAt
      this.#confirmedBytes = sentBytes
      this.#pingSentAt = undefined
    } catch (error) {
      this.#end(error instanceof Error ? error.message : 'the connection broke')
    }
  }

  async #watch({ onLeaving, onDenied }: SessionEvents): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'ldm') onLeaving()
      else if (status.type === 'disconnect') this.#end('the connection broke')
      else if (status.type === 'error' && status.error instanceof PermissionViolationError) {
        this.#permissionError = status.error
        onDenied(status.error)
      }
    }
  }
}

export interface SessionEvents {
  /** The server will stop soon ("lame duck"): time to open another session elsewhere. */
  onLeaving: () => void
  /** What was asked for is not allowed to this user. */
  onDenied: (error: Error) => void
}

function connect({ server, credentials, name, timings }: SessionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new BoundedTransport(), dnsResolveFn: nodeResolveHost })
  const host = server.host.includes(':') ? `[${server.host}]` : server.host
  return NatsConnectionImpl.connect({
    servers: `${host}:${server.port}`,
    name,
    tls: server.tls === undefined ? null : definedOf(server.tls),
    authenticator: authenticatorOf(credentials),
    noEcho: true,
    reconnect: false,
    ignoreClusterUpdates: true,
    timeout: timings.connectMsMax,
    // Ours asks more often, and bounds what is under way as well.
    pingInterval: idlePingMs,
    noAsyncTraces: true,
  })
}

function definedOf({ ca, cert, key }: NatsTls): TlsOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

function authenticatorOf(credentials: NatsCredentials): Authenticator[] {
  if (credentials.kind === 'none') return []
  if (credentials.kind === 'password') {
    return [usernamePasswordAuthenticator(credentials.user, credentials.password)]
  }
  const authenticate = credsAuthenticator(credentials.read)
  return [
    (nonce) => {
      try {
        return authenticate(nonce)
      } catch (error) {
        throw new NatsRefusal('credentials-unreadable', { cause: error })
      }
    },
  ]
}

function readMessage(message: Msg): NatsMessage {
  const { subject, data, headers } = message
  return {
    subject,
    reply: message.reply ?? '',
    message: data,
    isNoResponders: data.length === 0 && headers?.code === 503,
  }
}
