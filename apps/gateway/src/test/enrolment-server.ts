import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHash } from 'node:crypto'

export interface EnrolmentServer {
  origin: string
  /** For tests that open tunnels to it too. */
  server: Server
  /** Public keys in the order in which they came, repetitions included. */
  presented: string[]
  /** Bodies of logins by a pod's token, which are all let in. */
  logins: PodLogin[]
  /** The next answers, instead of honest ones. `lost`: the work is done, and the connection cut before the answer. */
  answerNext(...answers: OddAnswer[]): void
  close(): Promise<void>
}

export interface PodLogin {
  method: string
  gatewayId: string
  jwt: string
  publicKey: string
}

export type OddAnswer = 'lost' | { status: number; body: string; headers?: Record<string, string> }

/** The enrolment endpoint of a control plane: a token binds one key; the same key again has the same answer. */
export async function startEnrolmentServer(tokens: readonly string[]): Promise<EnrolmentServer> {
  const bound = new Map<string, string>()
  const presented: string[] = []
  const logins: PodLogin[] = []
  const oddAnswers: OddAnswer[] = []

  function answerOf(url: string | undefined, text: string): { status: number; body: string } {
    if (url !== '/api/v3/gateways/login') return enrol(text)
    const login = JSON.parse(text) as PodLogin
    logins.push(login)
    presented.push(login.publicKey)
    return enrolled(login.publicKey)
  }

  function enrol(text: string): { status: number; body: string } {
    const request: unknown = JSON.parse(text)
    const { token, publicKey } = request as { token: string; publicKey: string }
    presented.push(publicKey)
    const isKnownKey = [...bound.entries()].some(([other, key]) => other !== token && key === publicKey)
    const holder = bound.get(token) ?? publicKey
    if (!tokens.includes(token) || holder !== publicKey || isKnownKey) {
      return {
        status: 401,
        body: JSON.stringify({ reqId: 'req-7', statusCode: 401, message: 'x', error: 'Unauthorized' }),
      }
    }
    bound.set(token, publicKey)
    return enrolled(publicKey)
  }

  function enrolled(publicKey: string): { status: number; body: string } {
    const jwk = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x: publicKey })
    const keyId = createHash('sha256').update(jwk).digest('base64url')
    return {
      status: 200,
      body: JSON.stringify({ gatewayId: 'g-1', gatewayName: 'eu', organizationId: 'o-1', keyId }),
    }
  }

  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const odd = oddAnswers.shift()
      const { status, body, headers } =
        odd === undefined || odd === 'lost' ? { ...answerOf(request.url, text), headers: {} } : odd
      if (odd === 'lost') request.socket.destroy()
      else response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP server that listens has an address with a port. Source: Node.js documentation, server.address().
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    server,
    presented,
    logins,
    answerNext: (...answers) => void oddAnswers.push(...answers),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
