import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  FrameSocket,
  gatewayLimits,
  heartbeatDefaults,
  minorVersion,
  ownFeatures,
  protocolLimits,
  tunnelPath,
  tunnelSubprotocol,
  type HelloFrame,
  type RefusalCode,
} from '@postern/protocol'
import { WebSocketServer } from 'ws'
import { GatewaySession } from './gateway-session.ts'
import { greetGateway } from './greet-gateway.ts'
import { NonceSource } from './nonce-source.ts'
import type { TunnelLog, TunnelObserver } from './tunnel-observer.ts'
import type { TunnelRegistry } from './tunnel-registry.ts'
import { UpgradeAdmission } from './upgrade-admission.ts'
import { refuseUpgrade, type UpgradeRefusal } from './upgrade-refusal.ts'

/** Who a gateway is, by the bearer of its upgrade. Rejects only when the answer cannot be known now. */
export type AuthenticateUpgrade = (dial: {
  bearer: string | undefined
  /** Unix time in milliseconds. */
  nowMs: number
  ipAddress?: string
}) => Promise<
  { ok: true; gatewayId: string; organizationId: string; keyId: string } | ({ ok: false } & UpgradeRefusal)
>

export interface TunnelEndpointOptions {
  registry: TunnelRegistry
  authenticateGateway: AuthenticateUpgrade
  /** Names this replica to gateways. */
  replicaId: string
  log: TunnelLog
  observer: TunnelObserver
  /** Whom the connection is from; the socket's peer when absent. */
  clientIpOf?: (request: IncomingMessage) => string | undefined
  /** The wall clock: Unix time in milliseconds. */
  now?: () => number
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed?: () => number
  pingIntervalMs?: number
  /** For authentication and Hello together. */
  handshakeTimeoutMs?: number
  handshakesMax?: number
  handshakesPerSecondMax?: number
}

export interface TunnelEndpoint {
  /** For the `upgrade` event of the HTTP server. Answers every request, whatever its path. */
  handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Closes all tunnels with GoAway and refuses new ones; resolves when no connection is left, in about a second. */
  close: () => Promise<void>
}

const defaults = { handshakeTimeoutMs: 10_000, handshakesMax: 256, handshakesPerSecondMax: 100 } as const
/** An instance that is told that a newer connection of it exists, or enough of others, waits this long. */
const instanceRetryMs = 15_000

type Gateway = { gatewayId: string; organizationId: string; keyId: string }

/** The server end of tunnels: HTTP upgrade → authentication → Hello → session in the registry. */
export function createTunnelEndpoint(options: TunnelEndpointOptions): TunnelEndpoint {
  const endpoint = new Endpoint(options)
  return {
    handleUpgrade: (request, socket, head) => {
      void endpoint.upgrade(request, socket, head)
    },
    close: () => endpoint.close(),
  }
}

class Endpoint {
  readonly #options: TunnelEndpointOptions
  readonly #now: () => number
  readonly #elapsed: () => number
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: protocolLimits.frameBytesMax,
    handleProtocols: (offered) => (offered.has(tunnelSubprotocol) ? tunnelSubprotocol : false),
  })
  readonly #nonces = new NonceSource()
  readonly #admission: UpgradeAdmission
  /** Connections that are not yet tunnels, with what ends their handshake. */
  readonly #arriving = new Map<Duplex, AbortController>()
  #isStopping = false

  constructor(options: TunnelEndpointOptions) {
    this.#options = options
    this.#now = options.now ?? (() => Date.now())
    this.#elapsed = options.elapsed ?? (() => performance.now())
    this.#admission = new UpgradeAdmission({
      concurrentMax: options.handshakesMax ?? defaults.handshakesMax,
      perSecondMax: options.handshakesPerSecondMax ?? defaults.handshakesPerSecondMax,
      elapsed: this.#elapsed,
    })
  }

  /** Never rejects. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Before ws takes the socket over, nobody else hears its errors; a broken one is noticed by the next step.
    const onError = (): void => {
      socket.destroy()
    }
    socket.on('error', onError)
    const refusal = this.#refusalByForm(request)
    if (refusal !== undefined) {
      this.#refuse(socket, refusal)
      return
    }
    const admission = this.#admission.enter()
    if (!admission.admitted) {
      this.#refuse(socket, busy('too many gateways connect at once', admission.retryAfterSeconds))
      return
    }
    const giveUp = new AbortController()
    const deadline = giveUp.signal
    this.#arriving.set(socket, giveUp)
    const timer = setTimeout(
      () => giveUp.abort(),
      this.#options.handshakeTimeoutMs ?? defaults.handshakeTimeoutMs,
    )
    try {
      const gateway = await this.#authenticate(request, deadline)
      if (socket.destroyed) return
      if ('status' in gateway) {
        this.#refuse(socket, gateway)
        return
      }
      socket.removeListener('error', onError)
      await this.#welcome(await this.#openWebSocket(request, socket, head), gateway, deadline)
    } catch (error) {
      socket.destroy()
      this.#options.log.error({ err: error }, 'a tunnel could not be opened')
    } finally {
      clearTimeout(timer)
      this.#arriving.delete(socket)
      this.#admission.leave()
    }
  }

  async close(): Promise<void> {
    this.#isStopping = true
    for (const [socket, giveUp] of this.#arriving) {
      socket.destroy()
      giveUp.abort()
    }
    await this.#options.registry.close()
  }

  #refusalByForm(request: IncomingMessage): UpgradeRefusal | undefined {
    const path = (request.url ?? '').split('?', 1)[0]
    if (path !== tunnelPath) {
      return {
        status: 404,
        code: 'not-found',
        message: `tunnels are opened at ${tunnelPath}`,
        permanent: false,
      }
    }
    if (this.#isStopping) return busy('this replica is stopping', 1)
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    if (!offered.includes(tunnelSubprotocol)) {
      const message = `this control plane speaks ${tunnelSubprotocol}: bring the gateway to a version that does`
      return { status: 400, code: 'unsupported-subprotocol', message, permanent: true }
    }
    return undefined
  }

  async #authenticate(request: IncomingMessage, deadline: AbortSignal): Promise<Gateway | UpgradeRefusal> {
    const bearer = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const ipAddress = this.#options.clientIpOf?.(request) ?? request.socket.remoteAddress
    const dial = { bearer, nowMs: this.#now(), ...(ipAddress === undefined ? {} : { ipAddress }) }
    const { promise: late, resolve } = Promise.withResolvers<UpgradeRefusal>()
    const onDeadline = (): void => {
      resolve(busy('the gateway could not be authenticated in time', 2))
    }
    deadline.addEventListener('abort', onDeadline)
    try {
      return await Promise.race([this.#options.authenticateGateway(dial), late])
    } catch (error) {
      this.#options.log.error({ err: error }, 'gateways cannot be authenticated now')
      return busy('gateways cannot be authenticated now', 2)
    } finally {
      deadline.removeEventListener('abort', onDeadline)
    }
  }

  #openWebSocket(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<FrameSocket> {
    return new Promise((resolve, reject) => {
      // ws answers a malformed upgrade itself and never calls back; the socket's end settles it then.
      const onClose = (): void => {
        reject(new Error('the connection ended during the upgrade'))
      }
      socket.once('close', onClose)
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        socket.removeListener('close', onClose)
        resolve(new FrameSocket(webSocket, socket))
      })
    })
  }

  async #welcome(socket: FrameSocket, gateway: Gateway, deadline: AbortSignal): Promise<void> {
    const { registry, log } = this.#options
    const greeting = await greetGateway(socket, deadline)
    if (greeting.kind === 'gone') {
      socket.terminate()
      log.warn(
        { gatewayId: gateway.gatewayId, detail: greeting.detail },
        'a gateway did not complete its handshake',
      )
      return
    }
    if (greeting.kind === 'refuse') {
      this.#refuseFrame(socket, greeting.code, greeting.message, greeting.permanent, 0)
      return
    }
    const { hello } = greeting
    if (registry.isSuperseded(gateway.gatewayId, hello)) {
      const message = 'this instance has a newer connection'
      this.#refuseFrame(socket, 'superseded', message, false, instanceRetryMs)
      return
    }
    if (registry.isFull(gateway.gatewayId, hello)) {
      const message = 'this gateway has too many tunnels: does each of its processes run once?'
      this.#refuseFrame(socket, 'overloaded', message, false, instanceRetryMs)
      return
    }
    this.#begin(socket, gateway, hello)
  }

  #begin(socket: FrameSocket, gateway: Gateway, hello: HelloFrame): void {
    const { registry, replicaId, observer, log } = this.#options
    const pingIntervalMs = this.#options.pingIntervalMs ?? heartbeatDefaults.pingIntervalMs
    socket.send({
      kind: 'welcome',
      minorVersion,
      features: hello.features & ownFeatures,
      replicaId,
      serverTimeMs: this.#now(),
      pingIntervalMs,
      limits: {
        frameBytesMax: protocolLimits.frameBytesMax,
        tokenBytesMax: protocolLimits.tokenBytesMax,
        ...gatewayLimits,
      },
    })
    const session = new GatewaySession({
      socket,
      tunnelId: randomUUID(),
      gateway,
      hello,
      pingIntervalMs,
      nonces: this.#nonces,
      elapsed: this.#elapsed,
      observer,
      onEnd: (ended, end, detail) => {
        registry.remove(ended)
        log[end === 'replaced' || end === 'malformed-frame' ? 'warn' : 'info'](
          { gatewayId: ended.gatewayId, tunnelId: ended.tunnelId, end, detail },
          'tunnel closed',
        )
      },
    })
    registry.add(session)
    const { gatewayId, tunnelId, instanceId, epoch, software } = session
    log.info({ gatewayId, tunnelId, instanceId, epoch, software }, 'tunnel opened')
    observer.tunnelOpened(session)
    session.start()
  }

  #refuse(socket: Duplex, refusal: UpgradeRefusal): void {
    this.#options.observer.upgradeRefused(refusal.code)
    this.#options.log.info({ code: refusal.code, status: refusal.status }, 'tunnel refused')
    refuseUpgrade(socket, refusal, this.#now())
  }

  #refuseFrame(
    socket: FrameSocket,
    code: RefusalCode,
    message: string,
    permanent: boolean,
    retryAfterMs: number,
  ): void {
    this.#options.observer.upgradeRefused(code)
    this.#options.log.info({ code }, 'tunnel refused')
    socket.send({ kind: 'refusal', code, message, retryAfterMs, permanent })
    socket.close()
  }
}

function busy(message: string, retryAfterSeconds: number): UpgradeRefusal {
  return { status: 503, code: 'busy', message, permanent: false, retryAfterSeconds }
}
