// Many gateways in one process that do nothing but stay, with the heartbeat that real ones have.
// Started with the server's origin; its CA, and then numbers of gateways that should be there, come by message.
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
} from '@postern/protocol'
import { WebSocket } from 'ws'

const [origin = ''] = process.argv.slice(2)
const [ca] = (await once(process, 'message')) as [string]
const dialsAtOnce = 32
const started: WebSocket[] = []

process.on('message', (count: number) => void grow(count))
process.once('disconnect', () => process.exit(0))
process.send?.('ready')

async function grow(count: number): Promise<void> {
  const first = started.length
  for (let next = first; next < count; next += dialsAtOnce) {
    const size = Math.min(dialsAtOnce, count - next)
    started.push(...(await Promise.all(Array.from({ length: size }, (_, index) => connect(next + index)))))
  }
  process.send?.(started.length)
}

async function connect(index: number): Promise<WebSocket> {
  const webSocket = new WebSocket(`${origin}${tunnelPath}`, tunnelSubprotocol, {
    headers: { authorization: `Bearer gateway-${index}.x.x` },
    perMessageDeflate: false,
    ca,
  })
  await once(webSocket, 'open')
  const send = (frame: Frame): void => {
    webSocket.send(encodeFrame(frame))
  }
  const welcomed = Promise.withResolvers<void>()
  let heartbeat: Heartbeat | undefined
  webSocket.on('message', (message: Buffer) => {
    const frame = decodeFrame(message)
    if (frame.kind === 'welcome') welcomed.resolve()
    heartbeat?.heard()
    if (frame.kind === 'ping') heartbeat?.onPing(frame)
    if (frame.kind === 'pong') heartbeat?.onPong(frame)
  })
  webSocket.on('close', () => {
    throw new Error(`gateway-${index} lost its tunnel`)
  })
  send({
    kind: 'hello',
    minorVersion,
    features: ownFeatures,
    instanceId: `instance-of-${index}`,
    epoch: 1,
    software: 'idle',
    limits: {
      frameBytesMax: protocolLimits.frameBytesMax,
      tokenBytesMax: protocolLimits.tokenBytesMax,
      ...gatewayLimits,
    },
    slot: 0,
    purpose: 'reviews',
    ticket: new Uint8Array(0),
  })
  await welcomed.promise
  heartbeat = new Heartbeat({
    intervalMs: heartbeatDefaults.pingIntervalMs,
    send,
    inFlight: () => 0,
    silent: () => {
      throw new Error(`the server fell silent for gateway-${index}`)
    },
  })
  return webSocket
}
