import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import {
  FrameSocket,
  Heartbeat,
  gatewayLimits,
  minorVersion,
  ownFeatures,
  protocolLimits,
  tunnelPath,
  tunnelSubprotocol,
  type Frame,
  type HelloFrame,
  type ReviewTokenFrame,
  type TokenReviewedFrame,
  type WelcomeFrame,
} from '@postern/protocol'
import { WebSocket } from 'ws'
import { signGatewayJwt } from '../../../apps/gateway/src/tunnel/sign-gateway-jwt.ts'
import { privateKeyOf, type PeerCredential } from './enrol-peer.ts'

export interface ProtocolGatewayOptions {
  /** The control plane's public URL, which the dial is signed for. */
  url: string
  credential: PeerCredential
  /** What it dials; the public URL when absent. */
  dial?: string
  hello?: Partial<HelloFrame>
  /** What it does with a review; the default is to drop it. */
  review?: (review: ReviewTokenFrame, gateway: ProtocolGateway) => void
}

/**
 * The gateway's side of one tunnel, on a real socket with a real credential, that does with reviews what an experiment
 * says: alive by its pings, whatever else it is.
 */
export class ProtocolGateway {
  readonly welcome: WelcomeFrame
  /** Resolves with how it ended. */
  readonly ended: Promise<string>
  reviews = 0
  readonly #socket: FrameSocket
  readonly #webSocket: WebSocket
  readonly #heartbeat: Heartbeat

  private constructor(
    { socket, webSocket }: DialledTunnel,
    welcome: WelcomeFrame,
    options: ProtocolGatewayOptions,
  ) {
    this.welcome = welcome
    this.#socket = socket
    this.#webSocket = webSocket
    this.#heartbeat = new Heartbeat({
      intervalMs: welcome.pingIntervalMs,
      send: (frame) => socket.send(frame),
      inFlight: () => 0,
      silent: () => socket.terminate(),
    })
    const { promise, resolve } = Promise.withResolvers<string>()
    this.ended = promise
    const end = (how: string): void => {
      this.#heartbeat.stop()
      resolve(how)
    }
    socket.listen({
      frame: (frame) => {
        if (frame.kind === 'go-away') end(`go-away ${frame.code}`)
        this.#hear(frame, options)
      },
      malformed: (reason) => end(`malformed: ${reason}`),
      closed: end,
    })
  }

  /** Resolves once welcomed; rejects with the refusal otherwise. */
  static async connect(options: ProtocolGatewayOptions): Promise<ProtocolGateway> {
    const dialled = await dialTunnel(options)
    const { socket } = dialled
    const { promise, resolve, reject } = Promise.withResolvers<WelcomeFrame>()
    socket.listen({
      frame(frame) {
        socket.listen(undefined)
        if (frame.kind === 'welcome') resolve(frame)
        else reject(new Error(frame.kind === 'refusal' ? `refused: ${frame.code}` : `a ${frame.kind} first`))
      },
      malformed: (reason) => reject(new Error(reason)),
      closed: (detail) => reject(new Error(detail)),
    })
    socket.send(helloOf(options.hello))
    return new ProtocolGateway(dialled, await promise, options)
  }

  send(frame: Frame): void {
    this.#socket.send(frame)
  }

  /** One message, whatever is in it. */
  sendBytes(bytes: Uint8Array): void {
    this.#webSocket.send(bytes)
  }

  close(): void {
    this.#heartbeat.stop()
    this.#socket.terminate()
  }

  #hear(frame: Frame, options: ProtocolGatewayOptions): void {
    this.#heartbeat.heard()
    if (frame.kind === 'ping') this.#heartbeat.onPing(frame)
    if (frame.kind === 'pong') this.#heartbeat.onPong(frame)
    if (frame.kind !== 'review-token') return
    this.reviews += 1
    options.review?.(frame, this)
  }
}

interface DialledTunnel {
  socket: FrameSocket
  webSocket: WebSocket
}

/** Opens the WebSocket as a gateway does, and says nothing yet. */
async function dialTunnel({ url, credential, dial = url }: ProtocolGatewayOptions): Promise<DialledTunnel> {
  const { gatewayId, keyId } = credential
  const identity = { gatewayId, keyId, privateKey: privateKeyOf(credential) }
  const webSocket = new WebSocket(dial.replace(/^http/, 'ws') + tunnelPath, tunnelSubprotocol, {
    headers: { authorization: `Bearer ${signGatewayJwt(identity, new URL(url).origin, Date.now())}` },
    perMessageDeflate: false,
    maxPayload: protocolLimits.frameBytesMax,
  })
  let stream: Socket | undefined
  webSocket.once('upgrade', (response) => (stream = response.socket))
  await once(webSocket, 'open')
  if (stream === undefined) throw new Error('a WebSocket opened without an upgrade')
  return { socket: new FrameSocket(webSocket, stream, 'client'), webSocket }
}

function helloOf(fields: Partial<HelloFrame> = {}): HelloFrame {
  const { frameBytesMax, tokenBytesMax } = protocolLimits
  return {
    kind: 'hello',
    minorVersion,
    features: ownFeatures,
    instanceId: 'protocol-gateway',
    epoch: 1,
    software: 'protocol-gateway',
    limits: { frameBytesMax, tokenBytesMax, ...gatewayLimits },
    slot: 0,
    purpose: 'reviews',
    ticket: new Uint8Array(),
    ...fields,
  }
}

/** The verdict of an honest gateway on a token of a Kubernetes service account, read from the token itself. */
export function verdictOn(review: ReviewTokenFrame): TokenReviewedFrame {
  const claims = readClaims(review.token)
  const namespace = claims?.['kubernetes.io'].namespace
  return {
    kind: 'token-reviewed',
    requestId: review.requestId,
    nonce: review.nonce,
    tokenSha256: createHash('sha256').update(review.token).digest(),
    authenticated: claims !== undefined,
    username: claims?.sub ?? '',
    uid: claims?.['kubernetes.io'].serviceaccount.uid ?? '',
    groups:
      namespace === undefined
        ? []
        : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    audiences: review.audiences.length > 0 ? review.audiences : (claims?.aud ?? []),
    error: '',
  }
}

interface ServiceAccountClaims {
  sub: string
  aud: string[]
  'kubernetes.io': { namespace: string; serviceaccount: { uid: string } }
}

/** Undefined: not a service account's token, as the one that a control plane tries a gateway with. */
function readClaims(token: string): ServiceAccountClaims | undefined {
  try {
    const json = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    return JSON.parse(json) as ServiceAccountClaims
  } catch {
    return undefined
  }
}
