import { createServer, type Server } from 'node:https'
import type { ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import {
  createCertificateAuthority,
  type CertificateAuthority,
  type ServingCertificateOptions,
} from '@postern/testing/certificate-authority'

export interface ReceivedRequest {
  path: string
  authorization: string | undefined
  body: string
}

export type Behaviour = (request: ReceivedRequest & { socket: Socket }, response: ServerResponse) => void

/** An API server that does to each request whatever the test says, over real TLS. */
export interface OddApiServer {
  url: string
  authority: CertificateAuthority
  /** How many connections were ever made. */
  connections(): number
  /** Everything that asked for a review, oldest first. */
  reviews: ReceivedRequest[]
  behave(behaviour: Behaviour): void
  /** Serves by another authority from the next handshake on. */
  changeAuthority(authority: CertificateAuthority, options?: ServingCertificateOptions): Promise<void>
  /** Drops every connection, as a restart does. */
  dropConnections(): void
  close(): Promise<void>
}

/** What an API server says of a token that it vouches for. */
export const authenticatedReview = JSON.stringify({
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenReview',
  metadata: { creationTimestamp: null },
  spec: { token: 'echoed' },
  status: {
    authenticated: true,
    user: { username: 'system:serviceaccount:payments:api', uid: 'u-1', groups: ['system:serviceaccounts'] },
    audiences: ['postern'],
  },
})

export function answer(status: number, body: string, headers: Record<string, string> = {}): Behaviour {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  }
}

export async function startOddApiServer(certificate: ServingCertificateOptions = {}): Promise<OddApiServer> {
  const authority = await createCertificateAuthority('first authority')
  const { certificate: cert, privateKey: key } = await authority.issue(certificate)
  const sockets = new Set<Socket>()
  const reviews: ReceivedRequest[] = []
  let behaviour: Behaviour = answer(201, authenticatedReview)
  let connections = 0

  const server = createServer({ cert, key }, (incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      if (incoming.url === '/version') {
        answer(200, '{"major":"1"}')(
          { path: '', authorization: '', body: '', socket: incoming.socket },
          response,
        )
        return
      }
      const received = {
        path: incoming.url ?? '',
        authorization: incoming.headers.authorization,
        body: Buffer.concat(chunks).toString(),
      }
      reviews.push(received)
      behaviour({ ...received, socket: incoming.socket }, response)
    })
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('secureConnection', () => (connections += 1))
  const url = await listen(server)
  const dropConnections = (): void => sockets.forEach((socket) => socket.destroy())
  return {
    url,
    authority,
    connections: () => connections,
    reviews,
    behave: (next) => (behaviour = next),
    dropConnections,
    async changeAuthority(next, options) {
      const issued = await next.issue(options)
      server.setSecureContext({ cert: issued.certificate, key: issued.privateKey })
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      dropConnections()
      await closed
    },
  }
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      // A TCP server that listens has an address with a port. Source: Node.js documentation, server.address().
      resolve(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
  })
}
