import { type CertificateAuthority, createCertificateAuthority } from '@postern/testing/certificate-authority'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createPlainServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ReviewOutcome } from '../login/token-reviewer.ts'
import { createAskApiServer } from './ask-api-server.ts'
import { createDirectReviewer } from './direct-review.ts'
import { KubernetesConnections } from './kubernetes-connections.ts'
import { parseKubernetesHost } from './kubernetes-host.ts'
import type { ResolveHost } from './resolve-host.ts'
import { noStreams } from './test/no-streams.ts'

const user = { username: 'system:serviceaccount:payments:api', uid: 'u', groups: ['system:serviceaccounts'] }
const goodAnswer = JSON.stringify({
  kind: 'TokenReview',
  status: { authenticated: true, user, audiences: [] },
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void
const answerWith =
  (body: string | Buffer, headers: Record<string, string> = {}, status = 201): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  }

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

let authority: CertificateAuthority
beforeAll(async () => {
  authority = await createCertificateAuthority('cluster')
})

interface ApiServer {
  port: number
  server: Server
  connections: () => number
}

async function startApiServer(answer: Answer, names?: string[], notAfter?: Date): Promise<ApiServer> {
  const { certificate, privateKey } = await authority.issue({
    ...(names === undefined ? {} : { names }),
    ...(notAfter === undefined ? {} : { notAfter }),
  })
  const server = createServer({ cert: certificate, key: privateKey }, answer)
  let connections = 0
  server.on('secureConnection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return { port: (server.address() as AddressInfo).port, server, connections: () => connections }
}

interface Client {
  review(overrides?: { token?: string; budgetMs?: number; signal?: AbortSignal }): Promise<ReviewOutcome>
}

function createClient(
  host: string,
  options: {
    caCert?: string | undefined
    verifyTls?: boolean
    allowInternal?: boolean
    resolve?: ResolveHost
    reviewerJwt?: string
  } = {},
): Client {
  const rules = { allowInternal: options.allowInternal ?? true }
  const resolve = options.resolve ?? (async () => [{ address: '127.0.0.1', family: 4 }])
  const connections = new KubernetesConnections({ openStream: noStreams, rules, resolve, nowMs: Date.now })
  closing.push(() => connections.close())
  const ask = createAskApiServer({ connections, rules, nowMs: Date.now })
  const parsed = parseKubernetesHost(host)
  if (!parsed.ok) throw new Error(parsed.problem)
  const reviewer = createDirectReviewer(ask, {
    target: {
      host: parsed.host,
      caCert: 'caCert' in options ? options.caCert : authority.certificate,
      verifyTls: options.verifyTls ?? true,
    },
    reviewerJwt: options.reviewerJwt,
  })
  return {
    review: (overrides) => reviewer.review({ token: 'a.b.c', audiences: [], budgetMs: 5_000, ...overrides }),
  }
}

function failureOf(outcome: ReviewOutcome): string {
  return outcome.kind === 'failed' ? outcome.failure : 'reviewed'
}

describe('T20: where a direct review may go', () => {
  it.each(['127.0.0.1', '2130706433', '0x7f.1', '10.1.2.3', '169.254.169.254', '100.64.0.1'])(
    'T20: refuses the literal %s',
    async (host) => {
      const outcome = await createClient(host, { allowInternal: false }).review()
      expect(failureOf(outcome)).toBe('host-not-allowed')
    },
  )

  it.each(['127.0.0.1', '::1', '10.0.0.8', '::ffff:10.0.0.8', 'fe80::1', '169.254.169.254', '0.0.0.0'])(
    'T20: refuses a name that resolves to %s, and sends nothing there',
    async (address) => {
      let asked = 0
      const { port } = await startApiServer((request, response) => {
        asked++
        answerWith(goodAnswer)(request, response)
      })
      const resolve: ResolveHost = async () => [
        { address: '8.8.8.8', family: 4 },
        { address, family: address.includes(':') ? 6 : 4 },
      ]
      const client = createClient(`cluster.example:${port}`, { allowInternal: false, resolve })
      expect(failureOf(await client.review())).toBe('host-not-allowed')
      expect(asked).toBe(0)
    },
  )

  it('T21: dials the address that was vetted, though the name resolves elsewhere a moment later', async () => {
    const { port } = await startApiServer(answerWith(goodAnswer), ['cluster.example'])
    let lookups = 0
    const resolve: ResolveHost = async () => {
      lookups++
      return [{ address: lookups === 1 ? '127.0.0.1' : '127.0.0.9', family: 4 }]
    }
    const client = createClient(`cluster.example:${port}`, { resolve })
    expect(failureOf(await client.review())).toBe('reviewed')
    expect(lookups).toBe(1)
  })

  it('T22: follows no redirect', async () => {
    let secondAsked = 0
    const second = await startApiServer((request, response) => {
      secondAsked++
      answerWith(goodAnswer)(request, response)
    })
    const location = `https://127.0.0.1:${second.port}/apis/authentication.k8s.io/v1/tokenreviews`
    const first = await startApiServer(answerWith('', { location }, 307))
    const outcome = await createClient(`127.0.0.1:${first.port}`).review()
    expect(failureOf(outcome)).toBe('api-server-error')
    expect(secondAsked).toBe(0)
  })
})

describe('T23: whom a direct review trusts', () => {
  const reasonOf = (outcome: ReviewOutcome): string => (outcome.kind === 'failed' ? outcome.detail : '')

  it.each([
    ['an unknown CA', undefined, undefined, /not signed by a CA/, false],
    ['another name', ['other.example'], undefined, /another name/, true],
    ['an expired certificate', undefined, new Date(Date.now() - 60_000), /expired/, true],
  ] as const)('T23: refuses %s and says so', async (_title, names, notAfter, reason, isTrusted) => {
    const { port } = await startApiServer(
      answerWith(goodAnswer),
      names === undefined ? undefined : [...names],
      notAfter,
    )
    const other = await createCertificateAuthority('another cluster')
    const caCert = isTrusted ? authority.certificate : other.certificate
    const outcome = await createClient(`127.0.0.1:${port}`, { caCert }).review()
    expect(failureOf(outcome)).toBe('tls-failed')
    expect(reasonOf(outcome)).toMatch(reason)
  })

  it('T23: without a CA trusts the system alone', async () => {
    const { port } = await startApiServer(answerWith(goodAnswer))
    const outcome = await createClient(`127.0.0.1:${port}`, { caCert: undefined }).review()
    expect(failureOf(outcome)).toBe('tls-failed')
  })

  it('T23: checks the name that was configured, not the address that was dialled', async () => {
    const { port } = await startApiServer(answerWith(goodAnswer), ['127.0.0.1'])
    const outcome = await createClient(`cluster.example:${port}`).review()
    expect(failureOf(outcome)).toBe('tls-failed')
    expect(reasonOf(outcome)).toMatch(/another name/)
  })

  it('names a server that speaks no TLS as a TLS failure', async () => {
    const plain = createPlainServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n').resume())
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise((resolve) => plain.close(() => resolve())))
    const outcome = await createClient(`127.0.0.1:${(plain.address() as AddressInfo).port}`).review()
    expect(failureOf(outcome)).toBe('tls-failed')
  })

  it('verifies nothing where that was said out loud', async () => {
    const { port } = await startApiServer(answerWith(goodAnswer), ['other.example'])
    const client = createClient(`127.0.0.1:${port}`, { caCert: undefined, verifyTls: false })
    expect(failureOf(await client.review())).toBe('reviewed')
  })
})

describe('T24: what a direct review makes of an answer', () => {
  it.each([
    ['HTML', answerWith('<html>welcome</html>', { 'content-type': 'text/html' }, 200), 'malformed-answer'],
    ['null', answerWith('null'), 'malformed-answer'],
    ['nothing', answerWith(''), 'malformed-answer'],
    ['65 KiB', answerWith(' '.repeat(65 * 1024) + goodAnswer), 'malformed-answer'],
    ['17 KiB of headers', answerWith(goodAnswer, { 'x-padding': 'x'.repeat(17 * 1024) }), 'malformed-answer'],
    [
      'audiences of a wrong type',
      answerWith(
        JSON.stringify({ kind: 'TokenReview', status: { authenticated: true, user, audiences: 'a' } }),
      ),
      'malformed-answer',
    ],
    ['401', answerWith('{}', {}, 401), 'reviewer-unauthorized'],
    ['403', answerWith('{}', {}, 403), 'reviewer-forbidden'],
    ['404', answerWith('{}', {}, 404), 'api-server-error'],
    ['500', answerWith('{}', {}, 500), 'api-server-error'],
  ])('T24: %s', async (_title, answer, failure) => {
    const { port } = await startApiServer(answer)
    expect(failureOf(await createClient(`127.0.0.1:${port}`).review())).toBe(failure)
  })

  it.each([
    ['before any header', () => {}],
    [
      'in the middle of the body',
      (_request: IncomingMessage, response: ServerResponse) => {
        response.writeHead(201, { 'content-type': 'application/json' })
        response.write('{"kind":')
      },
    ],
  ] as const)('T24: gives up on a server that hangs %s', async (_title, answer) => {
    const { port } = await startApiServer(answer)
    const outcome = await createClient(`127.0.0.1:${port}`).review({ budgetMs: 100 })
    expect(failureOf(outcome)).toBe('api-server-timeout')
  })

  it('T24: unpacks nothing', async () => {
    const { port } = await startApiServer(answerWith(gzipSync(goodAnswer), { 'content-encoding': 'gzip' }))
    const outcome = await createClient(`127.0.0.1:${port}`).review()
    expect(outcome).toMatchObject({
      failure: 'malformed-answer',
      detail: expect.stringContaining('compressed'),
    })
  })

  it('passes on how long an overloaded server wants to be left alone', async () => {
    const { port } = await startApiServer(answerWith('', { 'retry-after': '7' }, 429))
    const outcome = await createClient(`127.0.0.1:${port}`).review()
    expect(outcome).toMatchObject({ failure: 'api-server-overloaded', retryAfterSeconds: 7 })
  })

  it('ends when the caller leaves', async () => {
    const caller = new AbortController()
    const { port } = await startApiServer(() => caller.abort())
    const outcome = await createClient(`127.0.0.1:${port}`).review({ signal: caller.signal })
    expect(failureOf(outcome)).toBe('api-server-timeout')
  })

  it('names an API server that nothing listens at as unreachable', async () => {
    const { port, server } = await startApiServer(() => {})
    await new Promise<void>((resolve) => server.close(() => resolve()))
    expect(failureOf(await createClient(`127.0.0.1:${port}`).review())).toBe('api-server-unreachable')
  })

  it('reads whom the cluster vouched for, behind a path prefix, with the stored JWT as reviewer', async () => {
    const seen: { url?: string | undefined; authorization?: string | undefined } = {}
    const { port } = await startApiServer((request, response) => {
      seen.url = request.url
      seen.authorization = request.headers.authorization
      answerWith(goodAnswer)(request, response)
    })
    const host = `https://127.0.0.1:${port}/k8s/clusters/c-1/`
    const outcome = await createClient(host, { reviewerJwt: 'r.r.r' }).review()
    expect(outcome).toEqual({
      kind: 'reviewed',
      verdict: { authenticated: true, ...user, audiences: [] },
      via: { reviewer: 'stored-jwt', host: `https://127.0.0.1:${port}` },
    })
    expect(seen).toEqual({
      url: '/k8s/clusters/c-1/apis/authentication.k8s.io/v1/tokenreviews',
      authorization: 'Bearer r.r.r',
    })
  })

  it('without a stored JWT lets the token vouch for itself', async () => {
    let authorization: string | undefined
    const { port } = await startApiServer((request, response) => {
      authorization = request.headers.authorization
      answerWith(goodAnswer)(request, response)
    })
    await createClient(`127.0.0.1:${port}`).review({ token: 'x.y.z' })
    expect(authorization).toBe('Bearer x.y.z')
  })
})

describe('T28: connections that die', () => {
  it('T28: one time-out, then a new connection', async () => {
    let isDead = false
    const { port, connections } = await startApiServer((request, response) => {
      if (!isDead) answerWith(goodAnswer)(request, response)
    })
    const client = createClient(`127.0.0.1:${port}`)
    const warm = await Promise.all([client.review(), client.review(), client.review()])
    expect(warm.map(failureOf)).toEqual(['reviewed', 'reviewed', 'reviewed'])
    const before = connections()

    isDead = true
    expect(failureOf(await client.review({ budgetMs: 100 }))).toBe('api-server-timeout')
    isDead = false
    expect(failureOf(await client.review())).toBe('reviewed')
    expect(connections()).toBe(before + 1)
  })

  it('T28: repeats a review once whose kept-alive connection was reset', async () => {
    let requests = 0
    const { port } = await startApiServer((request, response) => {
      requests++
      if (requests === 2) request.socket.destroy()
      else answerWith(goodAnswer)(request, response)
    })
    const client = createClient(`127.0.0.1:${port}`)
    expect(failureOf(await client.review())).toBe('reviewed')
    expect(failureOf(await client.review())).toBe('reviewed')
    expect(requests).toBe(3)
  })

  it('T28: repeats it once only', async () => {
    let requests = 0
    const { port } = await startApiServer((request) => {
      requests++
      request.socket.destroy()
    })
    expect(failureOf(await createClient(`127.0.0.1:${port}`).review())).toBe('api-server-unreachable')
    expect(requests).toBe(2)
  })
})
