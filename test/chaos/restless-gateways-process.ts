// A few gateways that answer reviews after a random while, and others that come only to go: at whatever moment of the
// upgrade, the handshake or the session. Started with the server's origin; its CA and then what to do come by message.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Frame, ReviewTokenFrame } from '@postern/protocol'
import { connectPlainGateway, dialPlainly } from './plain-gateway.ts'

const [origin = ''] = process.argv.slice(2)
const [ca] = (await once(process, 'message')) as [string]
const steady = 4
const answerMsMax = 10
const flapsAtOnce = 16
const comeAgainMsMax = 200
let epoch = 0

for (let index = 0; index < steady; index++) {
  await connectPlainGateway({
    origin,
    ca,
    gatewayId: 'steady',
    instanceId: `instance-${index}`,
    review: (review, send) => void answer(review, send),
  })
}
process.on('message', (flaps: number) => void flap(flaps))
process.once('disconnect', () => process.exit(0))
process.send?.('ready')

async function answer(review: ReviewTokenFrame, send: (frame: Frame) => void): Promise<void> {
  if (Math.random() < 0.5) send({ kind: 'accepted', requestId: review.requestId })
  await sleep(Math.random() * answerMsMax)
  send({
    kind: 'token-reviewed',
    requestId: review.requestId,
    nonce: review.nonce,
    tokenSha256: createHash('sha256').update(review.token).digest(),
    authenticated: true,
    username: `of ${review.token}`,
    uid: '1',
    groups: [],
    audiences: [],
    error: '',
  })
}

async function flap(count: number): Promise<void> {
  let left = count
  const restless = async (place: number): Promise<void> => {
    while (left-- > 0) {
      try {
        await comeAndGo(place)
      } catch (error) {
        // Told to come again later (503), or too slow for the handshake: it did not come, so one more has to.
        left += 1
        process.stderr.write(`restless-${place} comes again: ${String(error)}\n`)
        await sleep(Math.random() * comeAgainMsMax)
      }
    }
  }
  await Promise.all(Array.from({ length: flapsAtOnce }, (_, place) => restless(place)))
  process.send?.(count)
}

async function comeAndGo(place: number): Promise<void> {
  epoch += 1
  const options = { origin, ca, gatewayId: `restless-${place}`, instanceId: `instance-${place}`, epoch }
  const fate = Math.random()
  if (fate < 0.2) {
    const webSocket = await dialPlainly(options)
    webSocket.terminate()
    return
  }
  const { webSocket, send } = await connectPlainGateway(options)
  // The other side may be the first to close.
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  webSocket.once('close', () => resolve())
  if (webSocket.readyState === webSocket.CLOSED) resolve()
  if (fate < 0.4) send({ kind: 'drain', withinMs: 1_000, reason: '' })
  if (fate < 0.6) send({ kind: 'go-away', code: 'shutting-down', reason: '', reconnectAfterMs: 0 })
  await sleep(Math.random() * 5)
  if (fate < 0.8) webSocket.terminate()
  else webSocket.close()
  await closed
}
