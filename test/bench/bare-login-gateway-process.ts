// The gateway's part of the bare login (bare-login.ts): tokens come over a WebSocket, the API server is asked about each.
// Arguments: URL of the tunnel, URL of the API server, folder of the service account.
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { buildTokenReview, tokenReviewPath } from '@postern/token-review'
import { Pool } from 'undici'
import { type RawData, WebSocket } from 'ws'
import type { BareAnswer, BareReview } from './bare-login.ts'

const [, , tunnelUrl = '', apiServerUrl = '', accountFolder = ''] = process.argv
const read = (name: string): string => readFileSync(join(accountFolder, name), 'utf8')
const pool = new Pool(apiServerUrl, { connections: 32, connect: { ca: read('ca.crt') } })
const headers = {
  authorization: `Bearer ${read('token')}`,
  'content-type': 'application/json',
  accept: 'application/json',
}
const webSocket = new WebSocket(tunnelUrl, { perMessageDeflate: false })
const upgrade = await new Promise<IncomingMessage>((resolve) => webSocket.once('upgrade', resolve))
let isCorked = false
webSocket.on('message', (message: RawData) => {
  if (!Buffer.isBuffer(message)) return
  const asked: BareReview = JSON.parse(message.toString())
  review(asked.token, (user) =>
    answer({ id: asked.id, nonce: asked.nonce, tokenHash: hash('sha256', asked.token), user }),
  )
})
process.send?.('dialled')
process.once('disconnect', () => process.exit(0))

function review(token: string, answered: (user: BareAnswer['user']) => void): void {
  const body = JSON.stringify(buildTokenReview(token, []))
  let text = ''
  pool.dispatch(
    { method: 'POST', path: tokenReviewPath, headers, body },
    {
      onRequestStart: () => undefined,
      onResponseStart: () => undefined,
      onResponseData: (_controller, chunk) => void (text += chunk.toString()),
      onResponseEnd: () => answered(JSON.parse(text).status.user),
      onResponseError: (_controller, error) => {
        throw error
      },
    },
  )
}

/** Answers of one turn of the event loop leave together. */
function answer(answer: BareAnswer): void {
  if (!isCorked) {
    isCorked = true
    upgrade.socket.cork()
    setImmediate(() => {
      isCorked = false
      upgrade.socket.uncork()
    })
  }
  webSocket.send(Buffer.from(JSON.stringify(answer)))
}
