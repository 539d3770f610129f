// Many gateways in one process that do nothing but stay: they answer pings and ping every 3 s, as real ones do.
// Started with the server's origin; its CA, and then numbers of gateways that should be there, come by message.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  decodeFrame,
  encodeFrame,
  gatewayLimits,
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
  webSocket.on('message', (message: Buffer) => {
    const frame = decodeFrame(message)
    if (frame.kind === 'welcome') welcomed.resolve()
    if (frame.kind === 'ping') send({ ...frame, kind: 'pong' })
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
  void ping(send)
  return webSocket
}

async function ping(send: (frame: Frame) => void): Promise<void> {
  for (let nonce = 1; ; nonce++) {
    send({ kind: 'ping', nonce, inFlight: 0, eventLoopLagMs: 0 })
    await sleep(heartbeatDefaults.pingIntervalMs)
  }
}
