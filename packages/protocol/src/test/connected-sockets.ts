import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { FrameSocket } from '../connection/frame-socket.ts'
import { protocolLimits } from '../limits.ts'

export interface ConnectedSockets {
  /** The end that listens, as the control plane's. */
  server: FrameSocket
  /** The end that dialled, as the gateway's. */
  client: FrameSocket
  clientWebSocket: WebSocket
  close: () => Promise<void>
}

/** Two ends of one real WebSocket on loopback. */
export async function connectSockets(): Promise<ConnectedSockets> {
  const maxPayload = protocolLimits.frameBytesMax
  const listener = new WebSocketServer({ port: 0, host: '127.0.0.1', maxPayload, perMessageDeflate: false })
  await once(listener, 'listening')
  const accepted = Promise.withResolvers<FrameSocket>()
  listener.on('connection', (webSocket, request) =>
    accepted.resolve(new FrameSocket(webSocket, request.socket, 'server')),
  )
  // A TCP server that listens has an address with a port. Source: Node.js documentation, server.address().
  const { port } = listener.address() as AddressInfo
  const clientWebSocket = new WebSocket(`ws://127.0.0.1:${port}`, {
    perMessageDeflate: false,
    maxPayload,
  })
  const upgraded = Promise.withResolvers<Socket>()
  clientWebSocket.once('upgrade', (response: IncomingMessage) => {
    upgraded.resolve(response.socket)
  })
  const client = new FrameSocket(clientWebSocket, await upgraded.promise, 'client')
  const server = await accepted.promise
  return {
    server,
    client,
    clientWebSocket,
    close: async () => {
      server.terminate()
      client.terminate()
      await Promise.all([server.closed, client.closed])
      listener.close()
    },
  }
}
