import { createServer, type TLSSocket } from 'node:tls'
import { keepPort, type StandInServer } from './keep-port.ts'
import { refusal, type Reply } from './reply.ts'
import type { StandInServerOptions } from './stand-in-server.ts'
import type { StandInRequest } from './stand-in-state.ts'

// As the API server.
const bodyBytesMax = 3 * 1024 * 1024
const requestBytesMax = 2 * bodyBytesMax

/**
 * The stand-in's answers over the least of HTTP/1.1 (RFC 9112): bodies with Content-Length, one answer after another,
 * no misbehaviour. For load on a machine that measures what asks: a full HTTP server takes as much CPU as that.
 */
export async function startLeanServer({ certificate, answer }: StandInServerOptions): Promise<StandInServer> {
  const sockets = new Set<TLSSocket>()
  const server = createServer(
    { cert: certificate.certificate, key: certificate.privateKey, noDelay: true },
    (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      // The client leaves as it likes; there is nobody to tell.
      socket.on('error', () => socket.destroy())
      serve(socket, answer)
    },
  )
  return keepPort(server, sockets)
}

function serve(socket: TLSSocket, answer: (request: StandInRequest) => Reply): void {
  let received: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    if (received.length > requestBytesMax) {
      socket.destroy()
      return
    }
    for (;;) {
      const read = readRequest(received)
      if (read === undefined) return
      received = received.subarray(read.bytes)
      if (read.request === undefined) socket.end('HTTP/1.1 411 Length Required\r\ncontent-length: 0\r\n\r\n')
      else socket.write(encodeReply(answerBounded(read.request, answer)))
    }
  })
}

function answerBounded(request: StandInRequest, answer: (request: StandInRequest) => Reply): Reply {
  if (request.body.length <= bodyBytesMax) return answer(request)
  return refusal('RequestEntityTooLarge', `Request entity too large: limit is ${bodyBytesMax}`)
}

/** The first whole request of these bytes with its length, or undefined while it is not whole. */
function readRequest(bytes: Buffer): { request: StandInRequest | undefined; bytes: number } | undefined {
  const bodyAt = bytes.indexOf('\r\n\r\n') + 4
  if (bodyAt < 4) return undefined
  const head = bytes.toString('latin1', 0, bodyAt)
  if (/\r\ntransfer-encoding:/i.test(head)) return { request: undefined, bytes: bytes.length }
  const end = bodyAt + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  if (bytes.length < end) return undefined
  const [method = '', target = ''] = head.slice(0, head.indexOf('\r\n')).split(' ', 2)
  const request = {
    method,
    path: target.split('?', 1)[0] ?? '/',
    authorization: /\r\nauthorization: *([^\r]*)/i.exec(head)?.[1],
    contentType: /\r\ncontent-type: *([^\r]*)/i.exec(head)?.[1],
    body: bytes.toString('utf8', bodyAt, end),
  }
  return { request, bytes: end }
}

function encodeReply({ status, body, contentType = 'application/json' }: Reply): string {
  const length = Buffer.byteLength(body)
  return `HTTP/1.1 ${status} x\r\ncontent-type: ${contentType}\r\ncontent-length: ${length}\r\n\r\n${body}`
}
