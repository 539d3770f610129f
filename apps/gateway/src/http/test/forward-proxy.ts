import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

export interface ForwardProxy {
  /** `host:port`. */
  address: string
  /** What CONNECT asked for, in order. */
  asked: { target: string | undefined; authorization: string | undefined }[]
  /** Connections that are open now. */
  open: () => number
  close: () => Promise<void>
}

/** How the proxy meets CONNECT. */
export type ProxyManner =
  | { kind: 'forwards'; credentials?: string }
  /** Whatever is asked for, the way ends at this port of this machine. */
  | { kind: 'diverts'; port: number }
  | { kind: 'refuses'; status: number }
  | { kind: 'mute' }
  | { kind: 'hangs-up' }

/** A proxy that understands CONNECT and nothing else. */
export async function startForwardProxy(manner: ProxyManner): Promise<ForwardProxy> {
  const asked: ForwardProxy['asked'] = []
  const sockets = new Set<Duplex>()
  const server = createServer()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    asked.push({ target: request.url, authorization: request.headers['proxy-authorization'] })
    // Node's server keeps its half open when the other side leaves.
    socket.on('error', () => socket.destroy()).on('end', () => socket.destroy())
    meet(manner, request, socket, sockets)
  })
  return {
    address: `127.0.0.1:${await listen(server)}`,
    asked,
    open: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function meet(manner: ProxyManner, request: IncomingMessage, socket: Duplex, sockets: Set<Duplex>): void {
  switch (manner.kind) {
    case 'mute':
      socket.resume()
      break
    case 'hangs-up':
      socket.destroy()
      break
    case 'refuses':
      socket.end(`HTTP/1.1 ${manner.status} No\r\nContent-Length: 0\r\n\r\n`)
      break
    case 'diverts':
      forward('127.0.0.1', manner.port, socket, sockets)
      break
    case 'forwards': {
      const wanted = manner.credentials
      const shown = request.headers['proxy-authorization']
      if (wanted !== undefined && shown !== `Basic ${Buffer.from(wanted).toString('base64')}`) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n')
        return
      }
      const { hostname, port } = new URL(`http://${request.url ?? ''}`)
      forward(hostname.replaceAll(/[[\]]/g, ''), Number(port), socket, sockets)
      break
    }
  }
}

function forward(host: string, port: number, socket: Duplex, sockets: Set<Duplex>): void {
  const onward = connect(port, host, () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    onward.pipe(socket).pipe(onward)
  })
  sockets.add(onward)
  onward.once('close', () => {
    sockets.delete(onward)
    socket.destroy()
  })
  onward.on('error', () => socket.destroy())
  socket.once('close', () => onward.destroy())
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server that listens has an address with a port. Source: Node.js documentation, server.address().
  return (server.address() as AddressInfo).port
}
