import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface HttpCaller {
  /** Sends the prepared bytes and resolves with the status once the whole answer is there. */
  call(request: Buffer): Promise<number>
  close(): void
}

/**
 * One kept-alive HTTP/1.1 connection that carries one call at a time and reads only what a bench needs: the status, and
 * where the answer ends (Content-Length). A full client costs as much CPU as the server that is measured on the same cores.
 */
export async function openHttpCaller(url: string, caCert?: string): Promise<HttpCaller> {
  const { hostname: host, port, protocol } = new URL(url)
  const address = { host, port: Number(port), noDelay: true }
  const socket = protocol === 'https:' ? connectTls({ ...address, ca: caCert }) : connect(address)
  await once(socket, protocol === 'https:' ? 'secureConnect' : 'connect')
  let received = ''
  let waiting: PromiseWithResolvers<number> | undefined
  const fail = (error: Error): void => waiting?.reject(error)
  socket.setEncoding('latin1')
  socket.on('error', fail)
  socket.on('close', () => fail(new Error(`${url} closed the connection`)))
  socket.on('data', (text: string) => {
    received += text
    const bodyAt = received.indexOf('\r\n\r\n') + 4
    if (bodyAt < 4) return
    const length = /\r\ncontent-length: *(\d+)/i.exec(received)?.[1]
    if (length === undefined)
      return fail(new Error(`an answer without Content-Length: ${received.slice(0, 200)}`))
    if (received.length < bodyAt + Number(length)) return
    const status = Number(received.slice(9, 12))
    received = ''
    waiting?.resolve(status)
  })
  return {
    call(request) {
      waiting = Promise.withResolvers<number>()
      if (socket.destroyed) fail(new Error(`${url} had closed the connection`))
      else socket.write(request)
      return waiting.promise
    },
    close: () => socket.destroy(),
  }
}

/** The bytes of a POST of JSON. */
export function prepareHttpPost(
  url: string,
  path: string,
  headers: Record<string, string>,
  body: string,
): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** The bytes of a GET. */
export function prepareHttpGet(url: string, path: string, headers: Record<string, string> = {}): Buffer {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}
