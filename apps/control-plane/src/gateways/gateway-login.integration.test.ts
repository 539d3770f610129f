import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import type { ReviewFailure, ReviewOutcome } from '../login/token-reviewer.ts'
import { createOrganization } from './test/gateway-fixtures.ts'
import { createTestKey, encodePart, signGatewayToken, type TestKey } from './test/gateway-tokens.ts'
import { type GatewayFeature, origin, type Reply, startGatewayFeature } from './test/start-gateway-feature.ts'
import { podToken } from './test/test-cluster.ts'

let database: TestDatabase
let feature: GatewayFeature
let organizationId: string
let gatewayId: string

const authMethod = {
  method: 'kubernetes',
  kubernetesHost: 'https://cluster.example',
  tokenReviewerJwt: 'reviewer.jwt.secret',
  allowedNamespaces: 'postern',
  allowedNames: 'postern-*',
}
const goodToken = podToken('postern', 'postern-gateway', origin)
const via = { reviewer: 'stored-jwt', host: 'https://cluster.example' } as const

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 20 })
})
afterAll(() => database.close())
beforeEach(async () => {
  feature = await startGatewayFeature(database.kysely)
  organizationId = await createOrganization(database.kysely)
  const { body } = await administer('POST', '', { name: 'berlin', authMethod })
  gatewayId = String(body['id'])
  feature.audit.events.length = 0
  return () => feature.close()
})

function administer(method: string, path: string, body?: unknown): Promise<Reply> {
  return feature.call(method, `/api/v3/gateways${path}`, { as: `admin ${organizationId}`, body })
}

function login(change: object = {}): Promise<Reply> {
  const body = {
    method: 'kubernetes',
    gatewayId,
    jwt: goodToken,
    publicKey: createTestKey().publicKey,
    ...change,
  }
  return feature.call('POST', '/api/v3/gateways/login', { body })
}

async function loggedIn(): Promise<TestKey> {
  const key = createTestKey()
  expect((await login({ publicKey: key.publicKey })).status).toBe(200)
  return key
}

function dial(key: TestKey) {
  const bearer = signGatewayToken(key, gatewayId, origin, Date.now())
  return feature.authenticateGateway({ bearer, nowMs: Date.now() })
}

function failed(failure: ReviewFailure, retryAfterSeconds?: number): ReviewOutcome {
  const detail = 'https://cluster.example said no'
  return { kind: 'failed', failure, detail, via, ...(retryAfterSeconds && { retryAfterSeconds }) }
}

function verdict(change: object): ReviewOutcome {
  const username = 'system:serviceaccount:postern:postern-gateway'
  const groups = ['system:serviceaccounts']
  return {
    kind: 'reviewed',
    verdict: { authenticated: true, username, uid: '', groups, audiences: [origin], ...change },
    via,
  }
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

describe('a pod that the cluster vouches for', () => {
  it.each([
    ['default', 'postern-gateway', 'namespace'],
    ['postern', 'web', 'name'],
  ])('T16 is refused as %s/%s, for good and by the rule', async (namespace, name, rule) => {
    const reply = await login({ jwt: podToken(namespace, name, origin) })
    expect(reply).toMatchObject({
      status: 401,
      body: {
        message: expect.stringContaining(`the ${rule} of`),
        details: { code: 'pod-not-allowed', permanent: true },
      },
    })
    expect(feature.audit.events.at(-1)).toMatchObject({
      reason: `${rule}-not-allowed`,
      organizationId,
      details: { serviceAccount: { namespace, name }, checks: expect.any(Array) },
    })
  })

  it('binds its key, and lets its process connect', async () => {
    const key = createTestKey()
    expect(await login({ publicKey: key.publicKey, jwt: `${goodToken}\n` })).toEqual({
      status: 200,
      body: { gatewayId, gatewayName: 'berlin', organizationId, keyId: key.keyId },
    })
    expect(await dial(key)).toEqual({ ok: true, gatewayId, organizationId, keyId: key.keyId })
    expect(feature.cluster.asked).toMatchObject([
      {
        settings: { tokenReviewerJwt: 'reviewer.jwt.secret', organizationId },
        request: { audiences: [origin] },
      },
    ])
    expect(feature.audit.events).toMatchObject([
      {
        event: 'gateway-enrolled',
        outcome: 'success',
        organizationId,
        actor: { kind: 'gateway', id: gatewayId },
        ipAddress: '127.0.0.1',
        details: {
          method: 'kubernetes',
          keyId: key.keyId,
          isRepeated: false,
          serviceAccount: { namespace: 'postern', name: 'postern-gateway' },
          review: { reviewer: 'stored-jwt' },
        },
      },
    ])
  })

  it('has the same answer again for the same key, and keeps the keys of other processes', async () => {
    const [one, other] = [await loggedIn(), await loggedIn()]
    expect(await login({ publicKey: one.publicKey })).toMatchObject({
      status: 200,
      body: { keyId: one.keyId },
    })
    for (const key of [one, other]) expect(await dial(key)).toMatchObject({ ok: true })
  })

  it('is refused a key that another gateway has, and told to make a new one', async () => {
    const key = await loggedIn()
    const { body } = await administer('POST', '', { name: 'paris', authMethod })
    expect(await login({ gatewayId: body['id'], publicKey: key.publicKey })).toMatchObject({
      status: 400,
      body: { details: { code: 'public-key-known', permanent: false } },
    })
    expect(await dial(key)).toMatchObject({ ok: true, gatewayId })
  })

  it('closes the tunnels of the oldest process when there are more than 16', async () => {
    const oldest = await loggedIn()
    feature.tunnels.open({ gatewayId, keyId: oldest.keyId })
    for (let count = 0; count < 16; count += 1) await loggedIn()
    expect(feature.tunnels.closed).toEqual([
      { gatewayId, keyId: oldest.keyId, reason: 'credential-replaced' },
    ])
    expect(await dial(oldest)).toMatchObject({ code: 'credential-unknown', permanent: true })
  })

  it('may send the method token, which is the enrolment by a token', async () => {
    const { body } = await administer('POST', '', { name: 'paris' })
    const path = `/${String(body['id'])}/token-auth/generate-enrollment-token`
    const { token } = (await administer('POST', path)).body
    const key = createTestKey()
    const enrolment = { method: 'token', token, publicKey: key.publicKey }
    const reply = await feature.call('POST', '/api/v3/gateways/login', { body: enrolment })
    expect(reply).toMatchObject({ status: 200, body: { gatewayName: 'paris', keyId: key.keyId } })
  })

  it('gets in by the rules as they are when the cluster has answered', async () => {
    const changed = Promise.withResolvers<void>()
    feature.cluster.answer(async () => {
      await changed.promise
      return verdict({})
    })
    const waiting = login()
    await vi.waitFor(() => expect(feature.cluster.asked).toHaveLength(1))
    await administer('PATCH', `/${gatewayId}`, { authMethod: { ...authMethod, allowedNames: 'nobody' } })
    changed.resolve()
    expect(await waiting).toMatchObject({
      status: 503,
      body: { details: { code: 'configuration-changed', permanent: false } },
    })
  })

  it('is not bound when the audit row cannot be written', async () => {
    const key = createTestKey()
    feature.audit.refuse(true)
    expect((await login({ publicKey: key.publicKey })).status).toBe(500)
    feature.audit.refuse(false)
    expect(await dial(key)).toMatchObject({ ok: false })
  })
})

describe('a gateway by pods’ tokens', () => {
  it('T49 that is revoked is gone on every replica within 5 s, and its pods are kept out', async () => {
    const elsewhere = await startGatewayFeature(database.kysely)
    const key = await loggedIn()
    for (const replica of [feature, elsewhere]) replica.tunnels.open({ gatewayId, keyId: key.keyId })
    expect(await administer('POST', `/${gatewayId}/revoke`)).toEqual({
      status: 200,
      body: { method: 'kubernetes' },
    })
    expect(feature.tunnels.tunnelCount(gatewayId)).toBe(0)
    await vi.waitFor(() => expect(elsewhere.tunnels.tunnelCount(gatewayId)).toBe(0), 5000)
    await elsewhere.close()
    expect(await dial(key)).toMatchObject({ code: 'credential-revoked', permanent: true })
    expect(await login()).toMatchObject({
      status: 401,
      body: { details: { code: 'gateway-revoked', permanent: true } },
    })
    expect(await administer('GET', `/${gatewayId}`)).toMatchObject({
      body: { status: 'revoked', canRevoke: false },
    })
  })

  it('T49 that is revoked while its cluster is asked is not let in', async () => {
    const revoked = Promise.withResolvers<void>()
    feature.cluster.answer(async () => {
      await revoked.promise
      return verdict({})
    })
    const waiting = login()
    await vi.waitFor(() => expect(feature.cluster.asked).toHaveLength(1))
    await administer('POST', `/${gatewayId}/revoke`)
    revoked.resolve()
    expect(await waiting).toMatchObject({ status: 401, body: { details: { code: 'gateway-revoked' } } })
  })

  it('comes back once a person has set its method again', async () => {
    await administer('POST', `/${gatewayId}/revoke`)
    await administer('PATCH', `/${gatewayId}`, { authMethod })
    expect(await dial(await loggedIn())).toMatchObject({ ok: true })
  })

  it('loses its keys when others are let in, and keeps them when only the reviewer’s JWT is new', async () => {
    const key = await loggedIn()
    feature.tunnels.open({ gatewayId, keyId: key.keyId })
    const renewed = { ...authMethod, tokenReviewerJwt: 'new.reviewer.jwt' }
    await administer('PATCH', `/${gatewayId}`, { authMethod: renewed })
    expect(await dial(key)).toMatchObject({ ok: true })
    await administer('PATCH', `/${gatewayId}`, { authMethod: { ...renewed, allowedNamespaces: 'other' } })
    expect(feature.tunnels.closed).toEqual([{ gatewayId, keyId: key.keyId, reason: 'credential-replaced' }])
    expect(await dial(key)).toMatchObject({ code: 'credential-unknown', permanent: true })
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
