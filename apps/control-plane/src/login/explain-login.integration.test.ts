import { randomUUID } from 'node:crypto'
import { accessTokenReply } from '@postern/api-contract/access-tokens'
import { explainLoginReply, type LoginExplanation } from '@postern/api-contract/audit-logs'
import { createClientSecretReply, universalAuthReply } from '@postern/api-contract/universal-auth'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type PosternWithCluster,
  startPosternWithCluster,
} from '../kubernetes-auth/test/postern-with-cluster.ts'
import type { Reply } from '../test/start-test-app.ts'

let postern: PosternWithCluster
beforeAll(async () => {
  postern = await startPosternWithCluster({ failedLoginsPerMinutePerIdentity: 15 })
  await postern.cluster.createServiceAccount('payments', 'web')
})
afterAll(() => postern.close())
afterEach(() => postern.cluster.behave())

async function attachedIdentity(change: object = {}, role?: string): Promise<string> {
  const id = await postern.createIdentity(role)
  expect(await postern.attach(id, change)).toMatchObject({ status: 200 })
  return id
}
const mint = (name = 'api', audiences?: string[]): Promise<string> =>
  postern.cluster.mintToken({ namespace: 'payments', name, ...(audiences && { audiences }) })
const explain = (requestId: string, token: string | undefined = postern.admin): Promise<Reply> =>
  postern.app.call('GET', `/api/v1/audit-logs/explain/${requestId}`, { token })

async function explanationOf(login: Reply): Promise<LoginExplanation> {
  const reply = await explain(login.headers.get('x-request-id') ?? '')
  return explainLoginReply.parse(reply.body).explanation
}
const shortOf = ({ steps }: LoginExplanation): string[] =>
  steps.map(({ step, result }) => `${step} ${result}`)

const beforeReview = [
  'limit passed',
  'identity passed',
  'identity-enabled passed',
  'auth-method passed',
  'organization passed',
  'token-shape passed',
  'token-expiry passed',
]

describe('GET /api/v1/audit-logs/explain/:requestId', () => {
  it('is 401 without a token, and 403 without the right to read the audit log', async () => {
    const requestId = randomUUID()
    expect((await postern.app.call('GET', `/api/v1/audit-logs/explain/${requestId}`)).status).toBe(401)
    const identityId = await attachedIdentity({}, 'member')
    const { accessToken } = accessTokenReply.parse((await postern.login(identityId, await mint())).body)
    expect(await explain(requestId, accessToken)).toMatchObject({
      status: 403,
      body: { details: { action: 'read', subject: 'audit-log' } },
    })
  })

  it.each([randomUUID(), 'x', 'a%2Fb', 'é'.repeat(30)])('is 404 for %j', async (requestId) => {
    expect(await explain(requestId)).toMatchObject({ status: 404, body: { error: 'NotFound' } })
  })

  it('is 404 for a request that was no login, and for a login of another organization', async () => {
    const created = await postern.app.call('POST', '/api/v1/identities', {
      token: postern.admin,
      body: { name: 'x', organizationId: postern.organizationId },
    })
    const login = await postern.login(await attachedIdentity(), await mint())
    const foreign = login.headers.get('x-request-id') ?? ''
    await postern.app.database.kysely
      .updateTable('audit_events')
      .set({ organization_id: randomUUID() })
      .where('request_id', '=', foreign)
      .execute()
    const replies = [await explain(created.headers.get('x-request-id') ?? ''), await explain(foreign)]
    expect(replies.map(({ status }) => status)).toEqual([404, 404])
  })

  it('tells each check of a login that succeeded, who was asked, and how long it took', async () => {
    const identityId = await attachedIdentity({ allowedAudience: 'vault', accessTokenTTL: 600 })
    const login = await postern.login(identityId, await mint('api', ['vault']))
    const explanation = await explanationOf(login)
    expect(explanation).toMatchObject({
      requestId: login.headers.get('x-request-id'),
      event: 'kubernetes-login',
      outcome: 'success',
      summary: 'The login with Kubernetes Auth succeeded.',
      reason: null,
      whatToDo: null,
      answeredStatus: 200,
      identity: { id: identityId, name: 'ci' },
      ipAddress: '127.0.0.1',
      review: {
        reviewer: 'stored-jwt',
        host: postern.cluster.url,
        gateway: null,
        tried: [],
      },
      timingsMs: { find: expect.any(Number), review: expect.any(Number), total: expect.any(Number) },
    })
    expect(shortOf(explanation)).toEqual([
      ...beforeReview,
      'review passed',
      'audience-confirmed passed',
      'service-account passed',
      'service-account-group passed',
      'namespace passed',
      'name passed',
      'audience passed',
      'configuration passed',
      'access-token passed',
    ])
    const found = Object.fromEntries(explanation.steps.map(({ step, found }) => [step, found]))
    expect(found).toMatchObject({
      'service-account': 'system:serviceaccount:payments:api',
      namespace: 'payments',
      audience: 'vault',
      'access-token': expect.stringMatching(/, for 600 s$/),
    })
    expect(explanation.steps.find(({ step }) => step === 'review')?.durationMs).toBeGreaterThan(0)
  })

  it('tells which rule refused, what it expects and what was found, and what to change', async () => {
    const login = await postern.login(await attachedIdentity({ allowedNamespaces: '' }), await mint('web'))
    const explanation = await explanationOf(login)
    expect(explanation).toMatchObject({
      outcome: 'denied',
      reason: 'name-not-allowed',
      summary: expect.stringContaining('name is not among the allowed ones'),
      whatToDo: expect.stringContaining('Add the name'),
      answeredStatus: 401,
    })
    expect(shortOf(explanation).slice(-6)).toEqual([
      'service-account-group passed',
      'namespace not-required',
      'name failed',
      'audience not-required',
      'configuration not-reached',
      'access-token not-reached',
    ])
    expect(explanation.steps.find(({ step }) => step === 'name')).toMatchObject({
      expected: 'api',
      found: 'web',
    })
  })

  it.each([
    ['identity-unknown', 'identity', 401, async () => postern.login(randomUUID(), await mint())],
    [
      'kubernetes-auth-missing',
      'auth-method',
      401,
      async () => postern.login(await postern.createIdentity(), await mint()),
    ],
    [
      'organization-mismatch',
      'organization',
      401,
      async () => postern.login(await attachedIdentity(), await mint(), { organizationSlug: 'other' }),
    ],
    ['token-malformed', 'token-shape', 401, async () => postern.login(await attachedIdentity(), 'junk')],
    [
      'token-expired',
      'token-expiry',
      401,
      async () =>
        postern.login(
          await attachedIdentity(),
          await postern.cluster.mintExpiredToken({ namespace: 'payments', name: 'api' }),
        ),
    ],
    [
      'token-not-authenticated',
      'review',
      401,
      async () => postern.login(await attachedIdentity({ allowedAudience: 'vault' }), await mint('api')),
    ],
    [
      'api-server-error',
      'review',
      503,
      async () => {
        const id = await attachedIdentity()
        postern.cluster.misbehave({ on: 'tokenreviews', how: { kind: 'refuse', code: 500 } })
        return postern.login(id, await mint())
      },
    ],
    [
      'username-malformed',
      'service-account',
      401,
      async () => {
        const id = await attachedIdentity()
        const user = { username: 'system:node:n1', uid: '1', groups: ['system:serviceaccounts'] }
        postern.cluster.misbehave({
          on: 'tokenreviews',
          how: { kind: 'status-field', value: { authenticated: true, user } },
        })
        return postern.login(id, await mint())
      },
    ],
  ])('tells that a login ended with %s at the step %s', async (reason, failedStep, status, login) => {
    const reply = await login()
    expect(reply.status).toBe(status)
    const { steps, ...explanation } = await explanationOf(reply)
    expect(explanation).toMatchObject({ reason, answeredStatus: status, whatToDo: expect.any(String) })
    const at = steps.findIndex(({ step }) => step === failedStep)
    expect(steps[at]).toMatchObject({ result: 'failed', found: expect.stringMatching(/./) })
    const before = steps.slice(0, at).map(({ result }) => result)
    expect(before.filter((result) => result !== 'passed' && result !== 'not-required')).toEqual([])
    expect(new Set(steps.slice(at + 1).map(({ result }) => result))).toEqual(new Set(['not-reached']))
  })

  it('names the id that nobody has, and nothing that is no id', async () => {
    const unknown = randomUUID()
    const found = async (identityId: string) =>
      (await explanationOf(await postern.login(identityId, await mint()))).steps[1]?.found
    expect(await found(unknown)).toBe(unknown)
    expect(await found('hvs.pasted-secret')).toBe('something that is no id')
  })

  it('tells the first login that was over the limit, and that of others nothing is known', async () => {
    const identityId = await attachedIdentity()
    const refused = []
    for (let attempt = 0; attempt < 6; attempt += 1) refused.push(await postern.login(identityId, 'junk'))
    const limited = refused.filter(({ status }) => status === 429)
    expect(limited.length).toBeGreaterThanOrEqual(2)
    const [first, second] = limited
    const explanation = await explanationOf(first as Reply)
    expect(explanation).toMatchObject({ reason: 'rate-limited', answeredStatus: 429 })
    expect(explanation.steps[0]).toMatchObject({ step: 'limit', result: 'failed' })
    expect((await explain(second?.headers.get('x-request-id') ?? '')).status).toBe(404)
  })

  it('T31: shows no piece of a token, nor what a cluster repeated of it', async () => {
    const jwt = await mint()
    const login = await postern.login(await attachedIdentity({ allowedNames: 'web' }), jwt)
    const text = JSON.stringify(await explanationOf(login))
    for (const piece of jwt.split('.')) expect(text).not.toContain(piece.slice(4, 30))
    expect(text).not.toContain(postern.reviewerJwt.slice(-40))
  })
})

describe('GET /api/v1/audit-logs/explain/:requestId of a login with Universal Auth', () => {
  const path = '/api/v1/auth/universal-auth'

  async function createClient(settings: object = {}) {
    const identityId = await postern.createIdentity()
    const call = (method: string, url: string, body?: object) =>
      postern.app.call(method, `${path}/identities/${identityId}${url}`, { token: postern.admin, body })
    await call('DELETE', '')
    const attached = await call('POST', '', settings)
    const created = createClientSecretReply.parse((await call('POST', '/client-secrets', {})).body)
    return {
      identityId,
      clientId: universalAuthReply.parse(attached.body).identityUniversalAuth.clientId,
      clientSecret: created.clientSecret,
      clientSecretId: created.clientSecretData.id,
    }
  }
  const login = (body: { clientId: string; clientSecret: string; organizationSlug?: string }) =>
    postern.app.call('POST', `${path}/login`, { body })

  it('tells each check of one that succeeded', async () => {
    const { clientId, clientSecret, identityId } = await createClient()
    const explanation = await explanationOf(await login({ clientId, clientSecret }))
    expect(explanation).toMatchObject({
      event: 'universal-login',
      outcome: 'success',
      answeredStatus: 200,
      identity: { id: identityId },
      review: null,
    })
    expect(shortOf(explanation)).toEqual([
      'limit passed',
      'client-id passed',
      'identity-enabled passed',
      'organization not-required',
      'lockout passed',
      'client-secret passed',
      'client-secret-expiry passed',
      'client-ip passed',
      'client-secret-uses passed',
      'access-token passed',
    ])
  })

  it.each([
    ['client-id-unknown', 'client-id', 401, { clientId: randomUUID() }, {}],
    ['client-secret-wrong', 'client-secret', 401, { clientSecret: 'wrong' }, {}],
    ['organization-mismatch', 'organization', 401, { organizationSlug: 'other' }, {}],
    [
      'address-not-trusted',
      'client-ip',
      403,
      {},
      { clientSecretTrustedIps: [{ ipAddress: '192.0.2.0/24' }] },
    ],
  ])('tells that one ended with %s at the step %s', async (reason, failedStep, status, sent, settings) => {
    const { clientId, clientSecret } = await createClient(settings)
    const reply = await login({ clientId, clientSecret, ...sent })
    expect(reply.status).toBe(status)
    const { steps, ...explanation } = await explanationOf(reply)
    expect(explanation).toMatchObject({ reason, answeredStatus: status, whatToDo: expect.any(String) })
    const failed = steps.filter(({ result }) => result === 'failed')
    expect(failed).toMatchObject([
      { step: failedStep, expected: expect.any(String), found: expect.any(String) },
    ])
    expect(steps.at(-1)).toMatchObject({ step: 'access-token', result: 'not-reached' })
    expect(JSON.stringify(steps)).not.toContain(clientSecret)
  })
})
