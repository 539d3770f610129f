import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { endChild } from '../start-tunnel-server.ts'
import { answerBytes, eachMessage, requestBytes, sendPieces, takePieces } from './bare-exchange.ts'
import type { Direction } from './measure-bulk.ts'

/** This end of TCP sockets with nothing above them: requests of a review's size, and bytes beside them. */
export interface BareStreams extends AsyncDisposable {
  request(): Promise<void>
  /** Begins to send that way; once for each direction. */
  startBulk(direction: Direction): BareBulk
}

export interface BareBulk {
  /** Bytes that arrived since the last call. */
  takeArrived(): Promise<number>
  end(): void
}

const processFile = fileURLToPath(new URL('bare-exchange-process.ts', import.meta.url))
const barePath = '/bare/'

export function isBare({ url = '' }: IncomingMessage): boolean {
  return url.startsWith(barePath)
}

/**
 * Has a process dial `origin`, which leads to `server`.
 * @param inFlightBytes what a bulk has on the way
 */
export async function openBareStreams(
  server: Server,
  origin: string,
  inFlightBytes: number,
): Promise<BareStreams> {
  await using building = new AsyncDisposableStack()
  const far = fork(processFile, [origin, String(inFlightBytes)])
  building.defer(() => endChild(far))
  const requests = await accept(server, building)
  const sends = await accept(server, building)
  const takes = await accept(server, building)
  const stack = building.move()
  return {
    request: createRequests(requests),
    startBulk(direction) {
      const isToGateway = direction === 'to the gateway'
      const socket = isToGateway ? takes : sends
      const arrived = isToGateway ? sendPieces(socket) : takePieces(socket, inFlightBytes)
      return { takeArrived: () => Promise.resolve(arrived()), end: () => void socket.destroy() }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** The next that is dialled; the far end dials them one after the other. */
async function accept(server: Server, building: AsyncDisposableStack): Promise<Socket> {
  const [request, socket] = (await once(server, 'upgrade')) as [IncomingMessage, Socket]
  if (!isBare(request)) throw new Error(`a tunnel was dialled: ${request.url}`)
  building.defer(() => void socket.destroy())
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: bare\r\n\r\n')
  return socket
}

function createRequests(socket: Socket): () => Promise<void> {
  const waiting = new Map<number, () => void>()
  let last = 0
  eachMessage(socket, answerBytes, (answer) => {
    const number = answer.readUInt32LE(0)
    waiting.get(number)?.()
    waiting.delete(number)
  })
  return () =>
    new Promise((resolve) => {
      last += 1
      const message = Buffer.alloc(requestBytes)
      message.writeUInt32LE(last, 0)
      waiting.set(last, resolve)
      socket.write(message)
    })
}
