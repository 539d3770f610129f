import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

export interface RawReply {
  status: number
  /** By name in lower case. */
  headers: ReadonlyMap<string, string>
  text: string
  /** The text as JSON; undefined where it is empty. */
  body: unknown
}

/**
 * Sends a request as its bytes stand here, so that nothing is escaped, normalised or left out on the way. `head` is the
 * request line and the headers, a line each; Host, Content-Length and `Connection: close` are added.
 */
export async function sendRaw(url: string, head: string, body?: string): Promise<RawReply> {
  const { hostname, port, host } = new URL(url)
  const [requestLine = '', ...headers] = head.split('\n').map((line) => line.trim())
  const lines = [
    requestLine,
    `Host: ${host}`,
    ...headers.filter((line) => line !== ''),
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    'Connection: close',
  ]
  const socket = connect({ host: hostname, port: Number(port) })
  await once(socket, 'connect')
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
  return readReply(await text(socket))
}

function readReply(received: string): RawReply {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd < 0) throw new Error(`no HTTP reply: ${received.slice(0, 200)}`)
  const [statusLine = '', ...lines] = received.slice(0, headEnd).split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  if (headers.get('transfer-encoding') === 'chunked')
    throw new Error('a chunked reply, which this does not read')
  const content = received.slice(headEnd + 4)
  return {
    status: Number(statusLine.split(' ')[1]),
    headers,
    text: content,
    body: content === '' ? undefined : JSON.parse(content),
  }
}
