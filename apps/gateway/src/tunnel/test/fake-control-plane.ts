import { verify, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  decodeFrame,
  encodeFrame,
  features,
  gatewayLimits,
  minorVersion,
  protocolLimits,
  tunnelSubprotocol,
  type DecodedFrame,
  type Frame,
  type FrameKind,
} from '@postern/protocol'
import { WebSocketServer, type WebSocket } from 'ws'

/** How the fake meets the next upgrade. */
export type Reception =
  | ({ kind: 'welcome' } & WelcomeOptions)
  /** Upgrades and reads Hello, and answers with these frames. */
  | { kind: 'answer'; frames: Frame[] }
  /** Upgrades and then says nothing. */
  | { kind: 'mute' }
  | { kind: 'http'; status: number; body: string; headers?: Record<string, string> }
  /** Accepts the connection and never answers the upgrade. */
  | { kind: 'no-answer' }

export interface WelcomeOptions {
  pingIntervalMs?: number
  serverTimeMs?: number
  replicaId?: string
  minorVersion?: number
  features?: number
}

export interface FakeUpgrade {
  path: string
  subprotocol: string | undefined
  jwt: { header: Record<string, unknown>; claims: Record<string, unknown>; signed: string; signature: Buffer }
}

/** The server's end of one tunnel, in the hands of a test. */
export class FakeTunnel {
  readonly received: DecodedFrame[] = []
  /** Answers Drain by Drained, as a control plane that is well does. */
  answersDrain = true
  readonly webSocket: WebSocket
  readonly stream: Duplex
  #wake: (() => void)[] = []

  constructor(webSocket: WebSocket, stream: Duplex) {
    this.webSocket = webSocket
    this.stream = stream
    webSocket.on('message', (message: Buffer) => {
      const frame = decodeFrame(message)
      if (frame.kind === 'ping') this.send({ ...frame, kind: 'pong' })
      if (frame.kind === 'drain' && this.answersDrain) this.send({ kind: 'drained' })
      this.received.push(frame)
      this.#wakeAll()
    })
    webSocket.on('close', () => this.#wakeAll())
    webSocket.on('error', () => this.#wakeAll())
  }

  get isClosed(): boolean {
    return this.webSocket.readyState === this.webSocket.CLOSED
  }

  send(...frames: Frame[]): void {
    for (const frame of frames) this.webSocket.send(encodeFrame(frame))
  }

  sendBytes(bytes: Uint8Array): void {
    this.webSocket.send(bytes)
  }

  /** The frames of this kind so far. */
  of<K extends FrameKind>(kind: K): Extract<Frame, { kind: K }>[] {
    return this.received.filter((frame): frame is Extract<Frame, { kind: K }> => frame.kind === kind)
  }

  /** Resolves when `count` frames of this kind have come. */
  async frames<K extends FrameKind>(kind: K, count = 1): Promise<Extract<Frame, { kind: K }>[]> {
    await this.until(() => this.of(kind).length >= count)
    return this.of(kind)
  }

  async closed(): Promise<void> {
    await this.until(() => this.isClosed)
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve)
      })
    }
  }

  /** Drops everything from now on without a word, as a broken network does. */
  vanish(): void {
    this.webSocket.pause()
    this.webSocket.removeAllListeners('message')
  }

  #wakeAll(): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) resolve()
  }
}

/** A control plane that speaks the real protocol on a real socket and does what a test says. */
export class FakeControlPlane {
  readonly url: string
  readonly upgrades: FakeUpgrade[] = []
  readonly tunnels: FakeTunnel[] = []
  /** For upgrades in turn; the last one stays. */
  receptions: Reception[] = [{ kind: 'welcome' }]
  readonly #server: ReturnType<typeof createServer>
  readonly #webSockets = new WebSocketServer({ noServer: true, handleProtocols: () => tunnelSubprotocol })
  readonly #sockets = new Set<Duplex>()
  #wake: (() => void)[] = []

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server
    const { port } = server.address() as AddressInfo
    this.url = `http://127.0.0.1:${port}`
    server.on('upgrade', (request, socket, head) => {
      this.#sockets.add(socket)
      this.#upgrade(request, socket, head)
    })
  }

  static async start(port = 0): Promise<FakeControlPlane> {
    const server = createServer()
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return new FakeControlPlane(server)
  }

  /** The tunnel number `index`, as soon as it has been welcomed. */
  async tunnel(index = 0): Promise<FakeTunnel> {
    await this.until(() => this.tunnels.length > index)
    const tunnel = this.tunnels[index]
    if (tunnel === undefined) throw new Error('no such tunnel')
    await tunnel.until(() => tunnel.of('hello').length > 0 || tunnel.isClosed)
    return tunnel
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve)
      })
    }
  }

  /** Stops at once, as a killed process does. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.upgrades.push({
      path: request.url ?? '',
      subprotocol: request.headers['sec-websocket-protocol'],
      jwt: readJwt(request.headers.authorization ?? ''),
    })
    const [reception] = this.receptions
    if (this.receptions.length > 1) this.receptions.shift()
    this.#wakeAll()
    if (reception === undefined || reception.kind === 'no-answer') return
    if (reception.kind === 'http') {
      const headers = Object.entries(reception.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.end(
        `HTTP/1.1 ${reception.status} Refused\r\nContent-Length: ${Buffer.byteLength(reception.body)}\r\n${headers.join('')}Connection: close\r\n\r\n${reception.body}`,
      )
      return
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const tunnel = new FakeTunnel(webSocket, socket)
      this.tunnels.push(tunnel)
      this.#wakeAll()
      if (reception.kind === 'mute') return
      webSocket.once('message', () => {
        tunnel.send(...(reception.kind === 'answer' ? reception.frames : [welcomeFrame(reception)]))
      })
    })
  }

  #wakeAll(): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) resolve()
  }
}

/** As a control plane of today answers, unless the test says otherwise. */
export function welcomeFrame(of: WelcomeOptions = {}): Frame {
  return {
    kind: 'welcome',
    minorVersion: of.minorVersion ?? minorVersion,
    features: of.features ?? features.reviews | features.drain | features.rotation,
    replicaId: of.replicaId ?? 'replica-1',
    serverTimeMs: of.serverTimeMs ?? Date.now(),
    pingIntervalMs: of.pingIntervalMs ?? 3000,
    limits: {
      frameBytesMax: protocolLimits.frameBytesMax,
      tokenBytesMax: protocolLimits.tokenBytesMax,
      ...gatewayLimits,
    },
  }
}

/** Whether the JWT of an upgrade was signed by this key. */
export function isSignedBy(upgrade: FakeUpgrade, publicKey: KeyObject): boolean {
  return verify(null, Buffer.from(upgrade.jwt.signed), publicKey, upgrade.jwt.signature)
}

function readJwt(authorization: string): FakeUpgrade['jwt'] {
  const [header = '', claims = '', signature = ''] = authorization.replace(/^Bearer /, '').split('.')
  const read = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString())
  return {
    header: read(header),
    claims: read(claims),
    signed: `${header}.${claims}`,
    signature: Buffer.from(signature, 'base64url'),
  }
}
