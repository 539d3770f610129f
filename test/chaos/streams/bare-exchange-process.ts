// The far end of bare TCP sockets: one that answers requests, one that sends pieces, and one that takes them. Takes the
// origin that they lead to, and the bytes to have on the way, as its arguments; ends when its parent is gone.
import { once } from 'node:events'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { answerBytes, eachMessage, requestBytes, sendPieces, takePieces } from './bare-exchange.ts'

const [origin = '', inFlightBytes = ''] = process.argv.slice(2)

async function dial(path: string): Promise<Socket> {
  const asked = request(new URL(path, origin), { headers: { connection: 'upgrade', upgrade: 'bare' } })
  asked.end()
  const [, socket] = (await once(asked, 'upgrade')) as [unknown, Socket]
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  return socket
}

process.once('disconnect', () => process.exit(0))
const requests = await dial('/bare/requests')
eachMessage(requests, requestBytes, (message) => {
  const answer = Buffer.alloc(answerBytes)
  message.copy(answer, 0, 0, 4)
  requests.write(answer)
})
sendPieces(await dial('/bare/sends'))
takePieces(await dial('/bare/takes'), Number(inFlightBytes))
