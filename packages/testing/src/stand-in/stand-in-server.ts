import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { ServingCertificate } from '../certificate-authority.ts'
import { keepPort, type StandInServer } from './keep-port.ts'
import { misbehave, writeReply, type Misbehaviour } from './misbehaviour.ts'
import { refusal, type Reply } from './reply.ts'
import type { StandInRequest } from './stand-in-state.ts'

export interface StandInServerOptions {
  readonly certificate: ServingCertificate
  readonly answer: (request: StandInRequest) => Reply
  /** What to do wrong for this request, if anything. */
  readonly misbehaviour: (request: StandInRequest) => Misbehaviour | undefined
}

// As the API server.
const bodyBytesMax = 3 * 1024 * 1024

export async function startStandInServer(options: StandInServerOptions): Promise<StandInServer> {
  const sockets = new Set<Duplex>()
  const server = createServer(
    { cert: options.certificate.certificate, key: options.certificate.privateKey, keepAliveTimeout: 180_000 },
    (request, response) => receive(request, response, options),
  )
  // Raw connections, so that half-open handshakes are destroyed with the rest.
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  // Clients that refuse the certificate, or leave in the middle, are what some tests are about.
  server.on('tlsClientError', (_error, socket) => socket.destroy())

  return keepPort(server, sockets)
}

function receive(request: IncomingMessage, response: ServerResponse, options: StandInServerOptions): void {
  const chunks: Buffer[] = []
  let received = 0
  request.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received <= bodyBytesMax) chunks.push(chunk)
  })
  request.once('end', () => {
    if (received > bodyBytesMax) {
      const message = `Request entity too large: limit is ${bodyBytesMax}`
      writeReply(refusal('RequestEntityTooLarge', message), response)
      return
    }
    respond(readRequest(request, chunks), response, options)
  })
}

function readRequest(request: IncomingMessage, chunks: readonly Buffer[]): StandInRequest {
  const [path = '/'] = (request.url ?? '/').split('?', 1)
  return {
    method: request.method ?? 'GET',
    path,
    authorization: request.headers.authorization,
    contentType: request.headers['content-type'],
    body: Buffer.concat(chunks).toString('utf8'),
  }
}

function respond(request: StandInRequest, response: ServerResponse, options: StandInServerOptions): void {
  const how = options.misbehaviour(request)
  const reply = options.answer(request)
  if (how === undefined) writeReply(reply, response)
  else misbehave(how, reply, response)
}
