import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import {
  FrameSocket,
  Heartbeat,
  encodeFrame,
  gatewayLimits,
  heartbeatDefaults,
  protocolLimits,
  tunnelSubprotocol,
  type Frame,
} from '@postern/protocol'
import { WebSocket, WebSocketServer } from 'ws'
import { withUnknownField, unknownFrame } from './unknown-frame.ts'

export interface PeerVersion {
  minorVersion: number
  features: number
  /** Sends frames and fields that no version has, beside every frame of its own. */
  isAhead: boolean
}

/** What became of one review. */
export type PeerReview = { ok: true } | { ok: false; why: string }

/** The control plane's side of tunnels, of another version than this build; it authenticates nobody. */
export class ProtocolControlPlane {
  /** Frames by kind, of all tunnels. */
  readonly heard = new Map<string, number>()
  /** Tunnels that ended although their gateway had not said that it leaves: it may, to look for another replica. */
  tunnelsLost = 0
  readonly #server: Server
  readonly #version: PeerVersion
  readonly #tunnels = new Set<PeerTunnel>()

  private constructor(server: Server, version: PeerVersion) {
    this.#server = server
    this.#version = version
    const webSockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      handleProtocols: () => tunnelSubprotocol,
    })
    server.on('upgrade', (request, socket, head) => {
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.#welcome(new PeerTunnel(webSocket, new FrameSocket(webSocket, socket, 'server'), version))
      })
    })
  }

  static async open(version: PeerVersion): Promise<ProtocolControlPlane> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new ProtocolControlPlane(server, version)
  }

  /** `127.0.0.1:port` */
  get address(): string {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : ''
  }

  /** Those that take reviews. */
  get tunnels(): readonly PeerTunnel[] {
    return [...this.#tunnels].filter(({ isLeaving }) => !isLeaving)
  }

  async close(): Promise<void> {
    for (const tunnel of this.#tunnels) tunnel.terminate()
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  #welcome(tunnel: PeerTunnel): void {
    tunnel.onFrame = (frame) => {
      this.heard.set(frame.kind, (this.heard.get(frame.kind) ?? 0) + 1)
      if (frame.kind !== 'hello') return
      this.#tunnels.add(tunnel)
      tunnel.welcome(frame.features & this.#version.features)
    }
    tunnel.onEnd = () => {
      this.#tunnels.delete(tunnel)
      if (!tunnel.isLeaving) this.tunnelsLost += 1
    }
  }
}

class PeerTunnel {
  onFrame: (frame: Frame) => void = () => undefined
  onEnd: () => void = () => undefined
  /** Its gateway asked for no more reviews on it. */
  isLeaving = false
  readonly #webSocket: WebSocket
  readonly #socket: FrameSocket
  readonly #version: PeerVersion
  #heartbeat: Heartbeat | undefined
  readonly #waiting = new Map<number, (frame: Frame | 'ended') => void>()
  #lastRequestId = 0

  constructor(webSocket: WebSocket, socket: FrameSocket, version: PeerVersion) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#version = version
    socket.listen({
      frame: (frame) => this.#hear(frame),
      malformed: () => this.#end(),
      closed: () => this.#end(),
    })
  }

  welcome(features: number): void {
    const { frameBytesMax, tokenBytesMax } = protocolLimits
    this.#send({
      kind: 'welcome',
      minorVersion: this.#version.minorVersion,
      features,
      replicaId: 'another-version',
      serverTimeMs: Date.now(),
      pingIntervalMs: heartbeatDefaults.pingIntervalMs,
      limits: { frameBytesMax, tokenBytesMax, ...gatewayLimits },
    })
    this.#heartbeat = new Heartbeat({
      intervalMs: heartbeatDefaults.pingIntervalMs,
      send: (frame) => this.#send(frame),
      inFlight: () => this.#waiting.size,
      silent: () => this.#socket.terminate(),
    })
  }

  /** Asks for a review and checks that the answer is for it. */
  async review(token: string, deadlineMs = 5_000): Promise<PeerReview> {
    this.#lastRequestId += 1
    const requestId = this.#lastRequestId
    const nonce = randomBytes(16)
    const answered = new Promise<Frame | 'ended'>((resolve) => this.#waiting.set(requestId, resolve))
    this.#send({ kind: 'review-token', requestId, nonce, token, audiences: [], deadlineMs, attempt: 1 })
    const answer = await answered
    if (answer === 'ended') return { ok: false, why: 'the tunnel ended' }
    if (answer.kind !== 'token-reviewed') return { ok: false, why: JSON.stringify(answer) }
    const isHashRight = createHash('sha256').update(token).digest().equals(answer.tokenSha256)
    if (!nonce.equals(answer.nonce) || !isHashRight) return { ok: false, why: 'not the answer to it' }
    return answer.authenticated ? { ok: true } : { ok: false, why: 'not authenticated' }
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #send(frame: Frame): void {
    if (!this.#version.isAhead) {
      this.#socket.send(frame)
      return
    }
    if (this.#webSocket.readyState !== WebSocket.OPEN) return
    this.#webSocket.send(unknownFrame())
    this.#webSocket.send(withUnknownField(encodeFrame(frame)))
  }

  #hear(frame: Frame): void {
    this.#heartbeat?.heard()
    this.onFrame(frame)
    if (frame.kind === 'ping') this.#heartbeat?.onPing(frame)
    if (frame.kind === 'pong') this.#heartbeat?.onPong(frame)
    if (frame.kind === 'drain') {
      this.isLeaving = true
      this.#send({ kind: 'drained' })
    }
    if (frame.kind !== 'token-reviewed' && frame.kind !== 'failure') return
    this.#waiting.get(frame.requestId)?.(frame)
    this.#waiting.delete(frame.requestId)
  }

  #end(): void {
    this.#heartbeat?.stop()
    for (const settle of this.#waiting.values()) settle('ended')
    this.#waiting.clear()
    this.onEnd()
  }
}
