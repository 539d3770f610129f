import { createServer } from 'node:net'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { afterEach, describe, expect, it } from 'vitest'
import { ApiServerConnection } from '../api-server/api-server-connection.ts'
import { ServiceAccountFolder } from '../api-server/service-account-folder.ts'
import {
  answer,
  authenticatedReview,
  startOddApiServer,
  type Behaviour,
  type OddApiServer,
} from '../test/odd-api-server.ts'
import { createKubernetesTokenReview } from './kubernetes-token-review.ts'
import type { ReviewResult, ReviewTokenRequest } from './review-token.ts'
import { createReviewToken } from './create-review-token.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

interface Setup {
  server: OddApiServer
  connection: ApiServerConnection
  folder: Awaited<ReturnType<typeof createServiceAccountFolder>>
  review: (request?: Partial<ReviewTokenRequest>) => Promise<ReviewResult>
  /** Makes time pass for the service account's files, whose age bounds when they are read again. */
  pass: (ms: number) => void
  unreadable: string[]
}

async function setUp(
  options: { url?: string; certificate?: { names?: string[]; notAfter?: Date } } = {},
): Promise<Setup> {
  const server = await startOddApiServer(options.certificate)
  closing.push(() => server.close())
  const folder = await createServiceAccountFolder({
    cluster: { caCert: server.authority.certificate, mintToken: async () => 'reviewer-1' },
    namespace: 'postern',
    name: 'postern-gateway',
  })
  closing.push(() => folder.close())
  let skippedMs = 0
  const unreadable: string[] = []
  const account = new ServiceAccountFolder({
    path: folder.path,
    now: () => performance.now() + skippedMs,
    onUnreadable: (error) => unreadable.push(error.message),
  })
  const url = options.url ?? server.url
  const connection = new ApiServerConnection({ url, account, now: () => performance.now() })
  closing.push(() => connection.close(0))
  const reviewToken = createReviewToken(createKubernetesTokenReview(connection))
  return {
    server,
    connection,
    folder,
    unreadable,
    pass: (ms) => (skippedMs += ms),
    review: (request = {}) =>
      reviewToken({ token: 'workload-canary', audiences: ['postern'], deadlineMs: 5_000, ...request }),
  }
}

const speakSsh: Behaviour = ({ socket }) => socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n')

describe('a review', () => {
  it('returns whom the cluster vouched for', async () => {
    const { review, server } = await setUp()
    expect(await review()).toEqual({
      kind: 'reviewed',
      verdict: {
        authenticated: true,
        username: 'system:serviceaccount:payments:api',
        uid: 'u-1',
        groups: ['system:serviceaccounts'],
        audiences: ['postern'],
      },
    })
    expect(server.reviews[0]).toMatchObject({
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      authorization: 'Bearer reviewer-1',
    })
    expect(JSON.parse(server.reviews[0]?.body ?? '')).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token: 'workload-canary', audiences: ['postern'] },
    })
  })

  it('names no audience when none is asked for', async () => {
    const { review, server } = await setUp()
    await review({ audiences: [] })
    expect(JSON.parse(server.reviews[0]?.body ?? '')).toHaveProperty('spec', { token: 'workload-canary' })
  })

  it('reuses its connections', async () => {
    const { review, server, connection } = await setUp()
    await connection.warm(8, 2_000)
    for (let round = 0; round < 20; round += 1) await Promise.all([review(), review(), review(), review()])
    expect(server.connections()).toBe(8)
  })

  it('is over at once when its deadline has passed, and asks nobody', async () => {
    const { review, server } = await setUp()
    for (const deadlineMs of [0, -1, Number.NaN]) {
      expect(await review({ deadlineMs })).toMatchObject({ failure: 'deadline-exceeded' })
    }
    expect(server.reviews).toEqual([])
  })

  it('ends when the caller leaves, and gives the connection up', async () => {
    const { review, server } = await setUp()
    const caller = new AbortController()
    const dropped = new Promise((resolve) => {
      server.behave(({ socket }) => {
        socket.once('close', resolve)
        caller.abort()
      })
    })
    expect(await review({ signal: caller.signal })).toMatchObject({ failure: 'deadline-exceeded' })
    await dropped
    expect(await review({ signal: AbortSignal.abort() })).toMatchObject({ failure: 'deadline-exceeded' })
  })
})

describe('T24: an API server that misbehaves', () => {
  it('times out when it hangs', async () => {
    const { review, server } = await setUp()
    server.behave(() => undefined)
    expect(await review({ deadlineMs: 80 })).toMatchObject({ failure: 'api-server-timeout' })
  })

  it('times out when it drips, however steadily', async () => {
    const { review, server } = await setUp()
    server.behave(({ socket }, response) => {
      response.writeHead(201)
      const drip = setInterval(() => response.write(' '), 10)
      socket.once('close', () => clearInterval(drip))
    })
    expect(await review({ deadlineMs: 150 })).toMatchObject({ failure: 'api-server-timeout' })
  })

  it.each([
    ['a body over 64 KiB', answer(201, authenticatedReview.padEnd(64 * 1024 + 1))],
    ['headers over 16 KiB', answer(201, authenticatedReview, { 'x-long': 'x'.repeat(17 * 1024) })],
    ['HTML', answer(200, '<html>echo-canary</html>', { 'content-type': 'text/html' })],
    ['null', answer(201, 'null')],
    ['nothing', answer(201, '')],
    ['a compressed body', answer(201, 'H4sIAAAA', { 'content-encoding': 'gzip' })],
    [
      'wrong types',
      answer(201, authenticatedReview.replace('"authenticated":true', '"authenticated":"true"')),
    ],
    ['T1: audiences of a wrong type', answer(201, authenticatedReview.replace('["postern"]', '"postern"'))],
    ['a Status instead of a review', answer(200, '{"kind":"Status","status":"Success"}')],
    ['bytes that are not HTTP', speakSsh],
  ] as const)('is malformed when it sends %s', async (_title, behaviour) => {
    const { review, server } = await setUp()
    server.behave(behaviour)
    const result = await review()
    expect(result).toEqual({ kind: 'failed', failure: 'malformed-answer', detail: expect.any(String) })
    expect(JSON.stringify(result)).not.toContain('canary')
  })

  it.each([
    [401, {}, 'reviewer-unauthorized', undefined],
    [403, {}, 'reviewer-forbidden', undefined],
    [429, { 'retry-after': '7' }, 'api-server-overloaded', 7],
    [429, {}, 'api-server-overloaded', undefined],
    [500, { 'retry-after': '1' }, 'api-server-error', 1],
    [503, { 'retry-after': '99999' }, 'api-server-error', 300],
    [404, {}, 'api-server-error', undefined],
    [204, {}, 'api-server-error', undefined],
  ] as const)('tells %d %j apart: %s', async (status, headers, failure, retryAfterSeconds) => {
    const { review, server } = await setUp()
    server.behave(answer(status, '{"message":"echo-canary workload-canary reviewer-1"}', headers))
    const result = await review()
    expect(result).toMatchObject({ kind: 'failed', failure })
    expect(result).toHaveProperty('detail', expect.stringContaining(String(status)))
    expect(result.kind === 'failed' && result.retryAfterSeconds).toBe(retryAfterSeconds)
    expect(JSON.stringify(result)).not.toMatch(/canary|reviewer-1/)
    expect(server.reviews).toHaveLength(1)
  })

  it('T22: is not followed when it redirects', async () => {
    const { review, server } = await setUp()
    server.behave(answer(307, '', { location: `${server.url}/elsewhere` }))
    expect(await review()).toMatchObject({ failure: 'api-server-error' })
    expect(server.reviews).toHaveLength(1)
  })

  it('is unreachable when nothing listens', async () => {
    const free = createServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const address = free.address()
    const port = typeof address === 'object' ? address?.port : undefined
    free.close()
    await once(free, 'close')
    const { review } = await setUp({ url: `https://127.0.0.1:${port}` })
    expect(await review()).toMatchObject({
      failure: 'api-server-unreachable',
      detail: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('is asked once more when the connection breaks, and reviews after that', async () => {
    const { review, server } = await setUp()
    server.behave(({ socket }) => {
      server.behave(answer(201, authenticatedReview))
      socket.destroy()
    })
    expect(await review()).toMatchObject({ kind: 'reviewed' })
    expect(server.reviews).toHaveLength(2)
  })

  it('is unreachable when it breaks every connection, after two tries', async () => {
    const { review, server } = await setUp()
    server.behave(({ socket }) => socket.destroy())
    expect(await review()).toMatchObject({ failure: 'api-server-unreachable' })
    expect(server.reviews).toHaveLength(2)
  })

  it('T28: costs one time-out when its connections die without a reset', async () => {
    const { review, server, connection } = await setUp()
    await connection.warm(4, 2_000)
    server.behave(() => undefined)
    expect(await review({ deadlineMs: 1_100 })).toMatchObject({ failure: 'api-server-timeout' })
    const before = server.connections()
    server.behave(answer(201, authenticatedReview))
    expect(await review()).toMatchObject({ kind: 'reviewed' })
    expect(server.connections()).toBe(before + 1)
  })

  it('keeps its connections when only a hurried caller timed out', async () => {
    const { review, server, connection } = await setUp()
    await connection.warm(4, 2_000)
    server.behave(() => undefined)
    expect(await review({ deadlineMs: 300 })).toMatchObject({ failure: 'api-server-timeout' })
    server.behave(answer(201, authenticatedReview))
    expect(await review()).toMatchObject({ kind: 'reviewed' })
    expect(server.connections()).toBe(4)
  })
})

describe('T23: TLS to the API server', () => {
  it.each([
    ['another name', { names: ['kubernetes.example'] }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['an expired certificate', { notAfter: new Date(Date.now() - 3_600_000) }, 'CERT_HAS_EXPIRED'],
  ])('fails by name for %s', async (_title, certificate, code) => {
    const { review, server } = await setUp({ certificate })
    expect(await review()).toMatchObject({ failure: 'tls-failed', detail: expect.stringContaining(code) })
    expect(server.reviews).toEqual([])
  })

  it('fails for an authority that it does not know, and sends no token there', async () => {
    const { review, server } = await setUp()
    await server.changeAuthority(await createCertificateAuthority('stranger'))
    expect(await review()).toMatchObject({ failure: 'tls-failed' })
    expect(server.reviews).toEqual([])
  })
})

describe('T51: rotation under a running gateway', () => {
  it('sends the new token within five seconds of its change', async () => {
    const { review, server, folder, pass } = await setUp()
    await review()
    await folder.rotate({ token: 'reviewer-2' })
    pass(5_000)
    await review()
    expect(server.reviews.map(({ authorization }) => authorization)).toEqual([
      'Bearer reviewer-1',
      'Bearer reviewer-2',
    ])
  })

  it('reads the token again on 401 and tries once more', async () => {
    const { review, server, folder } = await setUp()
    await review()
    await folder.rotate({ token: 'reviewer-2' })
    server.behave((request, response) => {
      const status = request.authorization === 'Bearer reviewer-2' ? 201 : 401
      answer(status, authenticatedReview)(request, response)
    })
    expect(await review()).toMatchObject({ kind: 'reviewed' })
    expect(server.reviews).toHaveLength(3)
  })

  it('moves to the new authority without a failed review, and closes the old connections', async () => {
    const { review, server, folder, pass } = await setUp()
    const next = await createCertificateAuthority('second authority')
    await review()
    await server.changeAuthority(next)
    await folder.rotate({ caCert: next.certificate })
    const inFlight = review()
    pass(5_000)
    const results = await Promise.all([inFlight, review(), review()])
    expect(results.map(({ kind }) => kind)).toEqual(['reviewed', 'reviewed', 'reviewed'])
  })

  it('reads the authority again when the handshake fails, before its file is due', async () => {
    const { review, server, folder } = await setUp()
    const next = await createCertificateAuthority('second authority')
    await review()
    await server.changeAuthority(next)
    await folder.rotate({ caCert: next.certificate })
    server.dropConnections()
    expect(await review()).toMatchObject({ kind: 'reviewed' })
  })

  it('goes on with what it has when the files cannot be read, and says so', async () => {
    const { review, folder, pass, unreadable } = await setUp()
    await review()
    await rm(join(folder.path, 'token'))
    pass(5_000)
    expect(await review()).toMatchObject({ kind: 'reviewed' })
    expect(unreadable).toEqual([expect.stringContaining('ENOENT')])
  })

  it('cannot review when there was never a token, and says which file to mount', async () => {
    const { review, folder } = await setUp()
    await rm(join(folder.path, 'token'))
    expect(await review()).toMatchObject({
      failure: 'reviewer-unauthorized',
      detail: expect.stringContaining(join(folder.path, 'token')),
    })
    await writeFile(join(folder.path, 'token'), 'line\r\nx-injected: canary')
    expect(JSON.stringify(await review())).not.toContain('canary')
  })

  it('answers what is on its way when it closes, and nothing after', async () => {
    const { review, server, connection } = await setUp()
    let finish: (() => void) | undefined
    const asked = new Promise<void>((resolve) => {
      server.behave((request, response) => {
        finish = () => answer(201, authenticatedReview)(request, response)
        resolve()
      })
    })
    const inFlight = review()
    await asked
    const closed = connection.close(2_000)
    finish?.()
    expect(await inFlight).toMatchObject({ kind: 'reviewed' })
    await closed
    expect(await review()).toMatchObject({ kind: 'failed' })
  })
})
