import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ActorLimits, limitRequests, type RequestLimits } from './request-limits.ts'
import { type StartedHttpServer, startHttpServer } from './test/start-http-server.ts'

const limits: RequestLimits = { readsPerMinute: 2, writesPerMinute: 1, secretRequestsPerMinute: 3 }

let server: StartedHttpServer
let nowMs: number
async function start(change: Partial<RequestLimits> = {}, windowsMax?: number): Promise<void> {
  nowMs = 1000
  const authenticate = limitRequests(
    async ({ headers }) => String(headers['x-actor'] ?? 'ci'),
    (actor) => actor,
    new ActorLimits({
      limits: { ...limits, ...change },
      nowMs: () => nowMs,
      ...(windowsMax === undefined ? {} : { windowsMax }),
    }),
  )
  server = await startHttpServer((routes) => {
    for (const url of ['/things/:id', '/api/v4/secrets/:name', '/api/v3/secrets']) {
      routes.route({ method: ['GET', 'DELETE'], url, handler: async (request) => authenticate(request) })
    }
    routes.get('/api/status', () => 'Ok')
  })
}
beforeEach(() => start())
afterEach(() => server.close())

const call = (method = 'GET', path = '/things/1', actor = 'ci') =>
  fetch(server.url + path, { method, headers: { 'x-actor': actor } })
async function statusesOf(count: number, ...request: Parameters<typeof call>): Promise<number[]> {
  const statuses: number[] = []
  for (let sent = 0; sent < count; sent += 1) statuses.push((await call(...request)).status)
  return statuses
}

describe('the limit for each actor', () => {
  it('answers 429 in the envelope, with when to come again', async () => {
    expect(await statusesOf(2)).toEqual([200, 200])
    nowMs += 18_500
    const refused = await call()
    expect(refused.status).toBe(429)
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'retry-after': '42',
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '42',
    })
    expect(await refused.json()).toMatchObject({
      statusCode: 429,
      error: 'RateLimitExceeded',
      reqId: refused.headers.get('x-request-id'),
    })
  })

  it('ends with its minute, however often was asked meanwhile', async () => {
    expect(await statusesOf(5)).toEqual([200, 200, 429, 429, 429])
    nowMs += 59_999
    expect((await call()).status).toBe(429)
    nowMs += 1
    expect(await statusesOf(3)).toEqual([200, 200, 429])
  })

  it('counts reads, writes and secrets apart, and each actor alone', async () => {
    expect(await statusesOf(3)).toEqual([200, 200, 429])
    expect(await statusesOf(2, 'DELETE')).toEqual([200, 429])
    expect(await statusesOf(1, 'GET', '/api/v3/secrets')).toEqual([200])
    expect(await statusesOf(1, 'DELETE', '/api/v4/secrets/a')).toEqual([200])
    expect(await statusesOf(2, 'GET', '/api/v4/secrets/b/')).toEqual([200, 429])
    expect(await statusesOf(1, 'GET', '/things/1', 'other')).toEqual([200])
  })

  it('is off at 0, and knows no route without an actor', async () => {
    await server.close()
    await start({ readsPerMinute: 0 })
    expect(new Set(await statusesOf(30))).toEqual(new Set([200]))
    expect(new Set(await statusesOf(30, 'GET', '/api/status'))).toEqual(new Set([200]))
  })

  it('remembers so many actors at most, and forgets the oldest window first', async () => {
    await server.close()
    await start({ readsPerMinute: 1 }, 2)
    expect(await statusesOf(2, 'GET', '/things/1', 'a')).toEqual([200, 429])
    expect(await statusesOf(1, 'GET', '/things/1', 'b')).toEqual([200])
    expect(await statusesOf(1, 'GET', '/things/1', 'c')).toEqual([200])
    expect(await statusesOf(1, 'GET', '/things/1', 'a')).toEqual([200])
    expect(await statusesOf(1, 'GET', '/things/1', 'c')).toEqual([429])
  })
})
