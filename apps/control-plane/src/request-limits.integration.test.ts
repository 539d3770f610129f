import { bootstrapResponse } from '@postern/api-contract/bootstrap'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, startTestApp } from './test/start-test-app.ts'
import { detailsPath, startPosternWithClients } from './universal-auth/test/postern-with-clients.ts'

let app: TestApp
let admin: string
beforeAll(async () => {
  app = await startTestApp({
    loginsPerMinutePerIp: 4,
    readsPerMinutePerActor: 3,
    writesPerMinutePerActor: 2,
    secretRequestsPerMinutePerActor: 1,
  })
  const bootstrapped = await app.call('POST', '/api/v1/admin/bootstrap', {
    body: { email: 'ada@example.com', password: 'correct horse battery', organization: 'Acme' },
  })
  admin = bootstrapResponse.parse(bootstrapped.body).identity.credentials.token
})
afterAll(() => app.close())

async function statusesOf(count: number, method: string, path: string, token?: string): Promise<number[]> {
  const statuses: number[] = []
  for (let sent = 0; sent < count; sent += 1) {
    const reply = await app.call(method, path, { token, ...(method === 'POST' && { body: {} }) })
    statuses.push(reply.status)
  }
  return statuses
}

describe('limits of requests', () => {
  it('are for each actor, whatever it reads', async () => {
    expect(await statusesOf(2, 'GET', '/api/v1/audit-logs', admin)).toEqual([200, 200])
    expect(await statusesOf(2, 'GET', '/api/v3/gateways', admin)).toEqual([200, 429])
  })

  it('are others for what it changes, and others for secrets', async () => {
    const unknown = '/api/v1/identities/7f3c9a52-5a4e-4a55-9f43-0f4c1f6a8f01'
    expect(await statusesOf(3, 'DELETE', unknown, admin)).toEqual([404, 404, 429])
    const [first, second] = await statusesOf(2, 'GET', '/api/v4/secrets?projectId=x&environment=dev', admin)
    expect(first).not.toBe(429)
    expect(second).toBe(429)
  })

  it('say when to come again', async () => {
    const refused = await app.call('GET', '/api/v3/gateways', { token: admin })
    expect(refused).toMatchObject({ status: 429, body: { error: 'RateLimitExceeded' } })
    for (const name of ['retry-after', 'x-ratelimit-reset']) {
      expect(Number(refused.headers.get(name))).toBeGreaterThan(0)
      expect(Number(refused.headers.get(name))).toBeLessThanOrEqual(60)
    }
    expect(refused.headers.get('x-ratelimit-limit')).toBe('3')
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0')
  })

  it('say the same to strangers who log in too often', async () => {
    const path = '/api/v1/auth/kubernetes-auth/login'
    expect(await statusesOf(5, 'POST', path)).toEqual([422, 422, 422, 422, 429])
    const refused = await app.call('POST', path, { body: {} })
    expect(refused.headers.get('x-ratelimit-limit')).toBe('4')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('spend no use of a token whose uses are limited', async () => {
    const postern = await startPosternWithClients({ readsPerMinutePerActor: 2 })
    try {
      const token = await postern.logIn(await postern.createClient({ accessTokenNumUsesLimit: 3 }))
      const statusOf = async (method: string, path: string) =>
        (await postern.app.call(method, path, { token })).status
      const reads: number[] = []
      for (let sent = 0; sent < 6; sent += 1) reads.push(await statusOf('GET', detailsPath))
      expect(reads).toEqual([200, 200, 429, 429, 429, 429])
      // The third use, of another kind; and there is no fourth.
      const unknown = '/api/v1/identities/7f3c9a52-5a4e-4a55-9f43-0f4c1f6a8f01'
      expect([await statusOf('DELETE', unknown), await statusOf('DELETE', unknown)]).toEqual([403, 401])
    } finally {
      await postern.close()
    }
  })

  it('leave the status alone', async () => {
    expect(new Set(await statusesOf(20, 'GET', '/api/status'))).toEqual(new Set([200]))
  })
})
