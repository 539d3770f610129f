import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ErrorEnvelope } from '@postern/api-contract/error-envelope'

/** Node's codes for what is no HTTP request at all: https://nodejs.org/api/http.html#event-clienterror */
const refusals: Readonly<Record<string, readonly [number, string, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'RequestHeaderFieldsTooLarge', 'The headers of the request are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'RequestTimeout', 'The request did not arrive in time'],
}

/** How long the peer has to read the answer and to close. Destroyed at once, a socket may take its answer along. */
const lingerMs = 1000

/** Answers bytes that could not be read as a request, in the usual envelope, and closes the connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  // The server no longer watches a request that it has reported: a peer that never closes would keep the connection.
  const lingering = setTimeout(() => socket.destroy(), lingerMs)
  lingering.unref()
  socket.once('close', () => clearTimeout(lingering))
  const [statusCode, name, message] = refusals[error.code ?? ''] ?? [
    400,
    'BadRequest',
    'This is not a valid HTTP request',
  ]
  const envelope: ErrorEnvelope = { reqId: randomUUID(), statusCode, message, error: name }
  const body = JSON.stringify(envelope)
  socket.end(
    [
      `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? ''}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${envelope.reqId}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
