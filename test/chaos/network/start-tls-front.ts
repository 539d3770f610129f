import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls'
import type { ServingCertificate } from '@postern/testing/certificate-authority'

export interface TlsFront {
  readonly port: number
  /** Connections that got as far as the certificate, refused or not. */
  accepted(): number
  /** Connections whose client took the certificate. */
  secured(): number
  /** For connections from now on; those that are open stay. */
  changeCertificate(certificate: ServingCertificate): void
  /** Every open connection breaks. */
  cut(): void
  close(): Promise<void>
}

export interface FrontTarget {
  host: string
  port: number
  /** PEM of the authority of a target that speaks TLS itself. */
  caCert?: string
}

/**
 * What stands before a control plane and ends TLS: an ingress with the control plane's certificate, or a proxy that
 * intercepts with one of its own. Passes the bytes on as they are. Before an API server it stands for the certificate.
 */
export async function startTlsFront(certificate: ServingCertificate, target: FrontTarget): Promise<TlsFront> {
  const sockets = new Set<Socket | TLSSocket>()
  let accepted = 0
  let secured = 0
  const keep = (socket: Socket | TLSSocket): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
  }
  const server = createServer(serving(certificate), (client) => {
    secured += 1
    const behind = connectTo(target)
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
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    accepted: () => accepted,
    secured: () => secured,
    changeCertificate: (next) => server.setSecureContext(serving(next)),
    cut,
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

function serving({ certificate, privateKey }: ServingCertificate): { cert: string; key: string } {
  return { cert: certificate, key: privateKey }
}

function connectTo({ host, port, caCert }: FrontTarget): Socket {
  return caCert === undefined ? connect({ host, port }) : connectTls({ host, port, ca: caCert })
}
