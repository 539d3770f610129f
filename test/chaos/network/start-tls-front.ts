import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import type { ServingCertificate } from '@postern/testing/certificate-authority'

export interface TlsFront {
  readonly port: number
  /** Connections that got as far as the certificate, refused or not. */
  accepted(): number
  close(): Promise<void>
}

/**
 * What stands before a control plane and ends TLS: an ingress with the control plane's certificate, or a proxy that
 * intercepts with one of its own. Passes the bytes on as they are.
 */
export async function startTlsFront(
  certificate: ServingCertificate,
  target: { host: string; port: number },
): Promise<TlsFront> {
  const sockets = new Set<Socket | TLSSocket>()
  let accepted = 0
  const keep = (socket: Socket | TLSSocket): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
  }
  const server = createServer({ cert: certificate.certificate, key: certificate.privateKey }, (client) => {
    const behind = connect(target)
    keep(client)
    keep(behind)
    client.pipe(behind).pipe(client)
    client.once('close', () => behind.destroy())
    behind.once('close', () => client.destroy())
  })
  server.on('connection', () => (accepted += 1))
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    accepted: () => accepted,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
