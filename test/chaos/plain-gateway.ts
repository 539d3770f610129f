import { once } from 'node:events'
import {
  decodeFrame,
  encodeFrame,
  gatewayLimits,
  Heartbeat,
  heartbeatDefaults,
  minorVersion,
  ownFeatures,
  protocolLimits,
  tunnelPath,
  tunnelSubprotocol,
  type Frame,
  type ReviewTokenFrame,
} from '@postern/protocol'
import { WebSocket } from 'ws'

export interface PlainGatewayOptions {
  origin: string
  /** PEM. */
  ca: string
  gatewayId: string
  instanceId: string
  epoch?: number
  review?: (review: ReviewTokenFrame, send: (frame: Frame) => void) => void
  onClose?: () => void
}

/** The far end of a tunnel to `tunnel-server-process.ts`, which believes every name: the least that stays connected. */
export interface PlainGateway {
  webSocket: WebSocket
  send: (frame: Frame) => void
}

/** Opens the WebSocket, and says nothing yet. */
export async function dialPlainly({ origin, ca, gatewayId }: PlainGatewayOptions): Promise<WebSocket> {
  const webSocket = new WebSocket(`${origin}${tunnelPath}`, tunnelSubprotocol, {
    headers: { authorization: `Bearer ${gatewayId}.x.x` },
    perMessageDeflate: false,
    ca,
  })
  await once(webSocket, 'open')
  webSocket.on('error', () => undefined)
  return webSocket
}

/** Resolves once welcomed. */
export async function connectPlainGateway(options: PlainGatewayOptions): Promise<PlainGateway> {
  const webSocket = await dialPlainly(options)
  const send = (frame: Frame): void => {
    webSocket.send(encodeFrame(frame))
  }
  const welcomed = Promise.withResolvers<void>()
  const life: { heartbeat?: Heartbeat } = {}
  webSocket.on('message', (message: Buffer) => {
    const frame = decodeFrame(message)
    life.heartbeat?.heard()
    if (frame.kind === 'welcome') welcomed.resolve()
    else if (frame.kind === 'ping') life.heartbeat?.onPing(frame)
    else if (frame.kind === 'pong') life.heartbeat?.onPong(frame)
    else if (frame.kind === 'review-token') options.review?.(frame, send)
  })
  webSocket.on('close', () => {
    life.heartbeat?.stop()
    if (life.heartbeat === undefined)
      welcomed.reject(new Error(`${options.gatewayId} lost its tunnel before it was welcomed`))
    else options.onClose?.()
  })
  send(helloOf(options))
  await welcomed.promise
  life.heartbeat = new Heartbeat({
    intervalMs: heartbeatDefaults.pingIntervalMs,
    send,
    inFlight: () => 0,
    silent: () => {
      webSocket.terminate()
    },
  })
  return { webSocket, send }
}

function helloOf({ instanceId, epoch = 1 }: PlainGatewayOptions): Frame {
  const { frameBytesMax, tokenBytesMax } = protocolLimits
  return {
    kind: 'hello',
    minorVersion,
    features: ownFeatures,
    instanceId,
    epoch,
    software: 'plain',
    limits: { frameBytesMax, tokenBytesMax, ...gatewayLimits },
    slot: 0,
    purpose: 'reviews',
    ticket: new Uint8Array(0),
  }
}
