import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import type { ReviewFailure, ReviewOutcome } from '../login/token-reviewer.ts'
import { createTestKey, encodePart } from './test/gateway-tokens.ts'
import { type GatewayFeature, origin, type Reply, startGatewayFeature } from './test/start-gateway-feature.ts'
import { goodToken, type PodLogins, startPodLogins, testRoute, verdict } from './test/start-pod-logins.ts'
import { podToken } from './test/test-cluster.ts'

let database: TestDatabase
let feature: GatewayFeature
let gatewayId: string
let administer: PodLogins['administer']
let login: PodLogins['login']

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 20 })
})
afterAll(() => database.close())
beforeEach(async () => {
  ;({ feature, gatewayId, administer, login } = await startPodLogins(database))
  return () => feature.close()
})

function failed(failure: ReviewFailure, retryAfterSeconds?: number): ReviewOutcome {
  const detail = 'https://cluster.example said no'
  return { kind: 'failed', failure, detail, via: testRoute, ...(retryAfterSeconds && { retryAfterSeconds }) }
}

function anonymous({ body }: Reply): object {
  return { ...body, reqId: '' }
}

describe('before the cluster has vouched for the pod', () => {
  const refusals: [title: string, reason: string, act: () => Promise<Reply>][] = [
    ['an unknown gateway', 'gateway-unknown', () => login({ gatewayId: randomUUID() })],
    [
      'a gateway that enrols with tokens',
      'gateway-method-mismatched',
      async () => {
        const { body } = await administer('POST', '', { name: 'paris' })
        return login({ gatewayId: body['id'] })
      },
    ],
    ['what is no token', 'token-malformed', () => login({ jwt: 'no token' })],
    [
      'an expired token',
      'token-expired',
      () => login({ jwt: podToken('postern', 'postern-gateway', origin, { exp: 1 }) }),
    ],
    [
      'T4 a token for another audience',
      'token-not-authenticated',
      () => login({ jwt: podToken('postern', 'postern-gateway', 'https://kubernetes.default.svc') }),
    ],
    [
      'T6 a token of another cluster',
      'token-not-authenticated',
      () => {
        feature.cluster.answer(() => verdict({ authenticated: false, error: 'unknown key' }))
        return login()
      },
    ],
    [
      'T1 an answer without the audience',
      'review-audience-missing',
      () => {
        feature.cluster.answer(() => verdict({ audiences: [] }))
        return login()
      },
    ],
    [
      'T10 a node',
      'username-malformed',
      () => {
        feature.cluster.answer(() => verdict({ username: 'system:node:a' }))
        return login()
      },
    ],
    [
      'a service account without its group',
      'service-account-group-missing',
      () => {
        feature.cluster.answer(() => verdict({ groups: ['system:authenticated'] }))
        return login()
      },
    ],
    [
      'a reviewer without its right',
      'reviewer-forbidden',
      () => {
        feature.cluster.answer(() => failed('reviewer-forbidden'))
        return login()
      },
    ],
  ]

  it('T29 every refusal is the same 401, and the audit log alone has the reason', async () => {
    const replies: Reply[] = []
    for (const [, , act] of refusals) {
      replies.push(await act())
      feature.cluster.answer(undefined)
    }
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 401))
    const [first] = replies
    expect(replies.map(anonymous)).toEqual(replies.map(() => first && anonymous(first)))
    expect(first?.body).toMatchObject({ details: { code: 'login-refused', permanent: false } })
    const events = feature.audit.events.filter(({ event }) => event === 'gateway-enrolment-refused')
    expect(events.map(({ reason }) => reason)).toEqual(refusals.map(([, reason]) => reason))
    expect(events.every(({ actor }) => actor.kind === 'stranger')).toBe(true)
    expect(JSON.stringify(replies)).not.toContain('cluster.example')
  })

  it('T26 junk asks no cluster', async () => {
    for (const jwt of ['junk', 'a.b.c', podToken('a', 'b', origin, { exp: 1 }), 'x'.repeat(8192)]) {
      expect((await login({ jwt })).status).toBe(401)
    }
    expect(feature.cluster.asked).toEqual([])
  })

  it.each([
    ['api-server-unreachable', undefined, 5],
    ['gateway-unavailable', undefined, 5],
    ['api-server-timeout', undefined, 5],
    ['deadline-exceeded', undefined, 5],
    ['api-server-overloaded', 7, 7],
    ['api-server-overloaded', 86_400, 60],
    ['api-server-overloaded', 0.2, 1],
  ] as const)(
    'T30 a cluster that cannot be asked (%s, %s) is a passing 503',
    async (failure, after, told) => {
      feature.cluster.answer(() => failed(failure, after))
      const reply = await fetch(`${feature.server.url}/api/v3/gateways/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          method: 'kubernetes',
          gatewayId,
          jwt: goodToken,
          publicKey: createTestKey().publicKey,
        }),
      })
      const body: unknown = await reply.json()
      expect(reply.status).toBe(503)
      expect(reply.headers.get('retry-after')).toBe(String(told))
      expect(body).toMatchObject({ details: { code: 'cluster-unavailable', permanent: false } })
      expect(JSON.stringify(body)).not.toContain('cluster.example')
      expect(feature.audit.events.at(-1)).toMatchObject({ outcome: 'failed', reason: failure })
    },
  )

  it.each([
    [{ method: 'aws' }, 'method'],
    [{ gatewayId: 'berlin' }, 'gatewayId'],
    [{ jwt: '' }, 'jwt'],
    [{ jwt: 'x'.repeat(8193) }, 'jwt'],
    [{ jwt: 7 }, 'jwt'],
    [{ publicKey: undefined }, 'publicKey'],
    [{ publicKey: ['a'] }, 'publicKey'],
  ])('T25 %j is refused with the field’s name', async (change, field) => {
    expect(await login(change)).toMatchObject({ status: 422, body: { message: [{ path: [field] }] } })
    expect(feature.cluster.asked).toEqual([])
  })

  it('a key that is none is refused for good, without asking the cluster', async () => {
    for (const bytes of [Buffer.alloc(32), Buffer.alloc(31), Buffer.from([2, ...Buffer.alloc(31)])]) {
      expect(await login({ publicKey: bytes.toString('base64url') })).toMatchObject({
        status: 400,
        body: { details: { code: 'public-key-invalid', permanent: true } },
      })
    }
    expect(feature.cluster.asked).toEqual([])
  })
})

describe('limits', () => {
  it('T26 one address is bounded', async () => {
    const limited = await startGatewayFeature(database.kysely, { strangerRequestsPerMinute: 3 })
    const statuses: number[] = []
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const body = { method: 'kubernetes', gatewayId, jwt: 'junk', publicKey: createTestKey().publicKey }
      statuses.push((await limited.call('POST', '/api/v3/gateways/login', { body })).status)
    }
    await limited.close()
    expect(statuses).toEqual([401, 401, 401, 429, 429])
  })

  it('T26 failures of one gateway are bounded, and junk does not lock out its pods', async () => {
    const limited = await startGatewayFeature(database.kysely, { failedLoginsPerMinutePerIdentity: 10 })
    const attempt = async (jwt: string): Promise<Reply> => {
      const body = { method: 'kubernetes', gatewayId, jwt, publicKey: createTestKey().publicKey }
      return limited.call('POST', '/api/v3/gateways/login', { body })
    }
    const replies: Reply[] = []
    for (let count = 0; count < 4; count += 1) replies.push(await attempt('junk'))
    expect(replies.map(({ status }) => status)).toEqual([401, 401, 429, 429])
    expect(replies.at(-1)?.body).toMatchObject({ details: { code: 'rate-limited', permanent: false } })
    const events = limited.audit.events.filter(({ reason }) => reason === 'rate-limited')
    expect(events).toHaveLength(1)
    expect((await attempt(goodToken)).status).toBe(200)
    await limited.close()
  })
})

it('T31 shows no piece of a pod’s token in logs, audit or replies', async () => {
  const canary = `canary${randomUUID().replaceAll('-', '')}`
  const jwt = `${encodePart({ alg: 'RS256', canary })}.${encodePart({ sub: canary, aud: [origin], exp: 4e9 })}.${canary}`
  feature.cluster.answer(() => verdict({ authenticated: false, error: `cannot verify ${jwt}` }))
  const refused = await login({ jwt })
  feature.cluster.answer(() => verdict({}))
  const admitted = await login({ jwt })
  const seen = feature.server.logs() + JSON.stringify([feature.audit.events, refused, admitted])
  expect(admitted.status).toBe(200)
  expect(seen).not.toContain(canary)
  for (const part of jwt.split('.')) expect(seen).not.toContain(part)
})
