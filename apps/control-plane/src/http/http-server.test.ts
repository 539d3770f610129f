import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { errorEnvelope } from '@postern/api-contract/error-envelope'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DatabaseLost, DatabaseSilent, DatabaseUnreachable } from '../database/database-unreachable.ts'
import { serverError } from '../database/test/server-error.ts'
import { ApiError } from './api-error.ts'
import { type HttpServer, createHttpServer } from './http-server.ts'
import { type StartedHttpServer, startHttpServer } from './test/start-http-server.ts'
import { invalidField } from './validation-failure.ts'

const canary = 'canary-3f9c'

function registerRoutes(server: HttpServer): void {
  const body = z.object({
    identityId: z.uuid(),
    jwt: z.string().max(64),
    nested: z.object({ count: z.int() }).optional(),
  })
  server.post('/login', { config: { isForStrangers: true }, schema: { body } }, (request) => request.body)
  server.post('/large', (request) => ({ bytes: JSON.stringify(request.body ?? '').length }))
  server.get('/things/:id', (request) => ({
    id: z.object({ id: z.string() }).parse(request.params).id,
    ip: request.ip,
  }))
  server.delete('/things/:id', (request) => ({ body: request.body ?? null }))
  server.post('/bug', () => {
    throw new Error(`${canary} at 10.1.2.3`)
  })
  server.post('/no-database', () => {
    throw new DatabaseUnreachable(new Error(`${canary} at 10.1.2.3`))
  })
  server.post('/silent-database', () => {
    throw new DatabaseSilent()
  })
  server.post('/crowded-database', () => {
    throw serverError('40P01', `${canary} at 10.1.2.3`)
  })
  server.post('/lost-database', () => {
    throw new DatabaseLost(new Error(`${canary} at 10.1.2.3`))
  })
  server.post('/refuse', () => {
    throw new ApiError('ServiceUnavailable', 'No gateway is connected', {
      retryAfterSeconds: 2,
      details: { pool: 'eu' },
    })
  })
  server.post('/rule', () => {
    throw invalidField('kubernetesHost', 'is required in mode api')
  })
  server.get('/wrong-reply', { schema: { response: { 200: z.object({ name: z.string() }) } } }, () =>
    JSON.parse(`{"name":5,"secret":"${canary}"}`),
  )
}

let server: StartedHttpServer
beforeAll(async () => {
  server = await startHttpServer(registerRoutes)
})
afterAll(() => server.close())

async function post(
  path: string,
  body: string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
) {
  const reply = await fetch(server.url + path, { method: 'POST', body, headers })
  const json: unknown = await reply.json()
  return { status: reply.status, headers: reply.headers, json }
}

/** Sends bytes as they are and reads until the server closes. */
async function sendRaw(bytes: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.end(bytes)
  return text(socket)
}

describe('T25 bodies that are refused', () => {
  it.each([
    ['no JSON', '{"identityId":', 400, 'BadRequest'],
    ['__proto__', `{"__proto__":{"a":1}}`, 400, 'BadRequest'],
    ['__proto__ deep inside', `{"nested":{"__proto__":{"a":1}}}`, 400, 'BadRequest'],
    ['an escaped __proto__', String.raw`{"\u005f\u005fproto__":{"a":1}}`, 400, 'BadRequest'],
    ['constructor.prototype', `{"constructor":{"prototype":{"a":1}}}`, 400, 'BadRequest'],
    ['33 levels', `${'['.repeat(33)}${']'.repeat(33)}`, 400, 'BadRequest'],
    ['7000 levels', `${'['.repeat(7000)}${']'.repeat(7000)}`, 400, 'BadRequest'],
    ['more than 16 KiB', JSON.stringify({ jwt: 'x'.repeat(16 * 1024) }), 413, 'PayloadTooLarge'],
  ])('%s', async (_title, body, status, error) => {
    const reply = await post('/login', body)
    expect(reply.json).toMatchObject({
      statusCode: status,
      error,
      message: expect.any(String),
      reqId: expect.any(String),
    })
    expect(reply.status).toBe(status)
  })

  it.each([
    ['a number for a string', { identityId: 5, jwt: 'x' }, ['identityId']],
    ['an object for a string', { identityId: crypto.randomUUID(), jwt: { toString: 'x' } }, ['jwt']],
    ['an array for an object', [1], []],
    ['null', null, ['identityId']],
    ['a string too long', { identityId: crypto.randomUUID(), jwt: canary.repeat(10) }, ['jwt']],
    [
      'a fraction for an integer',
      { identityId: crypto.randomUUID(), jwt: 'x', nested: { count: 1.5 } },
      ['nested', 'count'],
    ],
    ['no UUID', { identityId: canary, jwt: 'x' }, ['identityId']],
  ])('%s: 422 that names the field and never the value', async (_title, body, path) => {
    const reply = await post('/login', JSON.stringify(body))
    expect(reply.status).toBe(422)
    expect(reply.json).toMatchObject({
      error: 'ValidationFailure',
      message: expect.arrayContaining([expect.objectContaining({ path })]),
    })
    expect(JSON.stringify(reply.json)).not.toContain(canary)
  })

  it('more than 1 MiB where the path is no login', async () => {
    expect((await post('/large', JSON.stringify('x'.repeat(1024 * 1024)))).status).toBe(413)
    expect((await post('/large', JSON.stringify('x'.repeat(900 * 1024)))).status).toBe(200)
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'nonsense',
  ])('the content type %s: 415', async (type) => {
    const reply = await post('/login', '{}', { 'content-type': type })
    expect(reply.json).toMatchObject({ statusCode: 415, error: 'UnsupportedMediaType' })
  })

  it('a compressed body is read as what it is: no JSON', async () => {
    const reply = await post('/login', '\u001f\u008b', {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    })
    expect(reply.status).toBe(400)
  })

  it('a missing body names the fields that it lacks', async () => {
    const reply = await fetch(`${server.url}/login`, { method: 'POST' })
    expect(await reply.json()).toMatchObject({
      statusCode: 422,
      message: [{ path: ['identityId'] }, { path: ['jwt'] }],
    })
  })
})

describe('refusals', () => {
  it('speak the envelope for an unknown path, and do not repeat it', async () => {
    const reply = await fetch(`${server.url}/no/${canary}?token=${canary}`)
    const body = await reply.text()
    expect(reply.status).toBe(404)
    expect(errorEnvelope.parse(JSON.parse(body))).toMatchObject({
      error: 'NotFound',
      reqId: reply.headers.get('x-request-id'),
    })
    expect(body).not.toContain(canary)
  })

  it('say which methods a path takes', async () => {
    const reply = await fetch(`${server.url}/things/5`, {
      method: 'PUT',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(reply.status).toBe(405)
    expect(reply.headers.get('allow')).toBe('DELETE, GET, HEAD')
    expect(await reply.json()).toMatchObject({ error: 'MethodNotAllowed' })
  })

  it('of a method that no path takes and that needs a content type are no bug', async () => {
    expect(await sendRaw('QUERY /things/5 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 415 [\s\S]*"error":"UnsupportedMediaType"/,
    )
  })

  it('speak the envelope for a path that cannot be decoded', async () => {
    const reply = await fetch(`${server.url}/things/%zz`)
    expect(await reply.json()).toMatchObject({
      statusCode: 400,
      error: 'BadRequest',
      reqId: reply.headers.get('x-request-id'),
    })
  })

  it('carry details and Retry-After', async () => {
    const reply = await post('/refuse', '{}')
    expect(reply.headers.get('retry-after')).toBe('2')
    expect(reply.json).toMatchObject({
      statusCode: 503,
      error: 'ServiceUnavailable',
      details: { pool: 'eu' },
    })
  })

  it('of a rule that no schema can say are a list as well', async () => {
    expect((await post('/rule', '{}')).json).toMatchObject({
      statusCode: 422,
      message: [{ code: 'custom', path: ['kubernetesHost'], message: 'is required in mode api' }],
    })
  })

  it('of a bug say nothing but the request id, under which the log has the reason', async () => {
    const reply = await post('/bug', '{}')
    const envelope = errorEnvelope.parse(reply.json)
    expect(envelope).toMatchObject({ statusCode: 500, error: 'InternalServerError' })
    expect(JSON.stringify(reply.json)).not.toMatch(/canary|10\.1\.2\.3|stack| at /)
    const line = server
      .logs()
      .split('\n')
      .find((line) => line.includes(canary))
    expect(line).toContain(envelope.reqId)
  })

  it.each([
    ['cannot be reached', '/no-database'],
    ['fell silent', '/silent-database'],
    ['was lost', '/lost-database'],
    ['undid the change for others', '/crowded-database'],
  ])('of a database that %s say to come again, and neither where nor why', async (_title, path) => {
    const reply = await post(path, '{}')
    expect(reply).toMatchObject({ status: 503, json: { error: 'ServiceUnavailable' } })
    expect(reply.headers.get('retry-after')).toBe('1')
    expect(JSON.stringify(reply.json)).not.toMatch(/canary|10\.1\.2\.3/)
  })

  it('of a reply that breaks its own schema are a bug, and the reply does not leak', async () => {
    const reply = await fetch(`${server.url}/wrong-reply`)
    expect(reply.status).toBe(500)
    expect(await reply.text()).not.toContain(canary)
  })

  it('of headers beyond 16 KiB: 431', async () => {
    const answer = await sendRaw(
      `GET /things/5 HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${'1.1.1.1,'.repeat(3000)}\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    expect(answer).toContain('"error":"RequestHeaderFieldsTooLarge"')
  })

  it.each([
    ['that are no HTTP', 'hello\r\n\r\n'],
    [
      'with two lengths',
      'POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
    ],
    [
      'with a length and chunks',
      'POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('of bytes %s: 400 in the envelope', async (_title, bytes) => {
    const answer = await sendRaw(bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(errorEnvelope.parse(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)))).toMatchObject({
      statusCode: 400,
    })
  })
})

describe('what clients send all the same', () => {
  it.each(['/login', '/login/'])('the path %s', async (path) => {
    const body = { identityId: crypto.randomUUID(), jwt: 'x' }
    const reply = await post(path, JSON.stringify({ ...body, unknown: canary }))
    expect(reply.json).toEqual(body)
  })

  it('a DELETE with the JSON content type and no body', async () => {
    const reply = await fetch(`${server.url}/things/5`, {
      method: 'DELETE',
      headers: { 'content-type': 'application/json' },
    })
    expect(await reply.json()).toEqual({ body: null })
  })

  it('a GET with a body, and the next request on that connection', async () => {
    const get = 'GET /things/5 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
    const answer = await sendRaw(`${get}content-length: 2\r\n\r\n{}${get}connection: close\r\n\r\n`)
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
  })
})

describe('every reply', () => {
  it('carries its own request id, never the caller’s', async () => {
    const replies = await Promise.all(
      [1, 2].map(() =>
        fetch(`${server.url}/things/5`, { headers: { 'x-request-id': canary, 'request-id': canary } }),
      ),
    )
    const ids = replies.map((reply) => reply.headers.get('x-request-id'))
    expect(new Set(ids).size).toBe(2)
    expect(ids).not.toContain(canary)
    expect(replies[0]?.headers.get('cache-control')).toBe('no-store')
  })

  it('T31 leaves one log line with the route’s template, and neither URL, headers nor body', async () => {
    const reply = await fetch(`${server.url}/things/hidden-4711?token=hidden-4712`, {
      method: 'DELETE',
      headers: {
        authorization: 'Bearer hidden-4713',
        'content-type': 'application/json',
        'user-agent': 'hidden-4714',
      },
      body: '{"jwt":"hidden-4715"}',
    })
    const id = String(reply.headers.get('x-request-id'))
    const lines = server
      .logs()
      .split('\n')
      .filter((line) => line.includes(id))
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      method: 'DELETE',
      route: '/things/:id',
      statusCode: 200,
      durationMs: expect.any(Number),
      reqId: id,
      ip: '127.0.0.1',
    })
    expect(server.logs()).not.toContain('hidden-')
  })
})

describe('T26 the limit for strangers', () => {
  it('answers 429 with Retry-After in the envelope, counts each client of a proxy by itself, and spares other routes', async () => {
    const limited = await startHttpServer(registerRoutes, {
      strangerRequestsPerMinute: 2,
      trustedProxies: ['127.0.0.1'],
    })
    const attempt = (ip: string) =>
      fetch(`${limited.url}/login`, {
        method: 'POST',
        headers: { 'x-forwarded-for': ip, 'content-type': 'application/json' },
        body: '{}',
      })
    try {
      const statuses = [await attempt('203.0.113.1'), await attempt('203.0.113.1')].map(
        (reply) => reply.status,
      )
      const refused = await attempt('203.0.113.1')
      expect(statuses).toEqual([422, 422])
      expect(refused.status).toBe(429)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
      expect(await refused.json()).toMatchObject({
        error: 'RateLimitExceeded',
        reqId: refused.headers.get('x-request-id'),
      })
      expect((await attempt('203.0.113.2')).status).toBe(422)
      expect((await fetch(`${limited.url}/things/5`)).status).toBe(200)
    } finally {
      await limited.close()
    }
  })

  it('takes one /64 of v6 for one client', async () => {
    const limited = await startHttpServer(registerRoutes, {
      strangerRequestsPerMinute: 1,
      trustedProxies: ['127.0.0.1'],
    })
    const attempt = (ip: string) =>
      fetch(`${limited.url}/login`, { method: 'POST', headers: { 'x-forwarded-for': ip } })
    try {
      expect((await attempt('2001:db8::1')).status).toBe(422)
      expect((await attempt('2001:db8::2')).status).toBe(429)
    } finally {
      await limited.close()
    }
  })

  it('is off at 0', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await post('/login', '{}')).status),
    )
    expect(new Set(statuses)).toEqual(new Set([422]))
  })
})

describe('a connection', () => {
  it('has bounds on its time, its headers and its number', async () => {
    const { server } = await createHttpServer({
      trustedProxies: [],
      strangerRequestsPerMinute: 0,
      logger: pino({ level: 'silent' }),
    })
    expect({
      headers: server.headersTimeout,
      request: server.requestTimeout,
      keepAlive: server.keepAliveTimeout,
      silence: server.timeout,
      connections: server.maxConnections,
    }).toEqual({ headers: 15_000, request: 30_000, keepAlive: 65_000, silence: 60_000, connections: 20_000 })
  })
})
