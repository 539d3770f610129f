import { randomUUID } from 'node:crypto'
import { accessTokenReply } from '@postern/api-contract/access-tokens'
import {
  type KubernetesLoginSimulation,
  simulateKubernetesLoginReply,
} from '@postern/api-contract/kubernetes-login'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type PosternWithCluster,
  startPosternWithCluster,
} from '../kubernetes-auth/test/postern-with-cluster.ts'
import type { Reply } from '../test/start-test-app.ts'

let postern: PosternWithCluster
beforeAll(async () => {
  postern = await startPosternWithCluster()
})
afterAll(() => postern.close())

async function attachedIdentity(change: object = {}, role?: string): Promise<string> {
  const id = await postern.createIdentity(role)
  expect(await postern.attach(id, change)).toMatchObject({ status: 200 })
  return id
}
const api = { namespace: 'payments', name: 'api' }
function simulate(identityId: string, body: object = api, token?: string): Promise<Reply> {
  const path = `/api/v1/auth/kubernetes-auth/identities/${identityId}/simulate`
  return postern.app.call('POST', path, { token: token ?? postern.admin, body })
}
async function simulationOf(identityId: string, body: object = api): Promise<KubernetesLoginSimulation> {
  return simulateKubernetesLoginReply.parse((await simulate(identityId, body)).body).simulation
}
async function tokenOf(role: string): Promise<string> {
  const id = await attachedIdentity({}, role)
  const login = await postern.login(id, await postern.cluster.mintToken(api))
  return accessTokenReply.parse(login.body).accessToken
}
const resultsOf = ({ steps }: KubernetesLoginSimulation) =>
  Object.fromEntries(steps.map(({ step, result }) => [step, result]))

describe('POST /api/v1/auth/kubernetes-auth/identities/:id/simulate', () => {
  it('is 401 without a token', async () => {
    const path = `/api/v1/auth/kubernetes-auth/identities/${randomUUID()}/simulate`
    expect((await postern.app.call('POST', path, { body: api })).status).toBe(401)
  })

  it('T17: is 403 for a role that may not read identities', async () => {
    const reply = await simulate(await attachedIdentity(), api, await tokenOf('no-access'))
    expect(reply).toMatchObject({
      status: 403,
      body: { details: { action: 'read', subject: 'identities' } },
    })
  })

  it('T18: knows neither an identity of another organization nor one that does not exist', async () => {
    const { kysely } = postern.app.database
    const slug = randomUUID()
    const { id: organizationId } = await kysely
      .insertInto('organizations')
      .values({ name: slug, slug, wrapped_key: Buffer.alloc(1) })
      .returning('id')
      .executeTakeFirstOrThrow()
    const { id } = await kysely
      .insertInto('identities')
      .values({ organization_id: organizationId, name: 'theirs', role: 'member' })
      .returning('id')
      .executeTakeFirstOrThrow()
    const shown = (reply: Reply) => ({ status: reply.status, body: { ...(reply.body as object), reqId: '' } })
    const foreign = shown(await simulate(id))
    expect(foreign).toMatchObject({ status: 404, body: { error: 'NotFound' } })
    expect(shown(await simulate(randomUUID()))).toEqual(foreign)
  })

  it('is 404 for an identity without Kubernetes Auth', async () => {
    expect((await simulate(await postern.createIdentity())).status).toBe(404)
  })

  it.each([
    {},
    { namespace: 'a' },
    { ...api, namespace: 'a\u0000b' },
    { ...api, audiences: 'vault' },
    { ...api, clusterVouches: 'yes' },
    { ...api, name: 'x'.repeat(254) },
  ])('is 422 for %j', async (body) => {
    expect((await simulate(await attachedIdentity(), body)).status).toBe(422)
  })

  it('says what a login would come to, as a member may see it', async () => {
    const identityId = await attachedIdentity(
      {
        accessTokenTTL: 600,
        accessTokenMaxTTL: 0,
        accessTokenNumUsesLimit: 5,
        accessTokenTrustedIps: [{ ipAddress: '192.0.2.0/24' }],
      },
      'member',
    )
    const reply = await simulate(
      identityId,
      { ...api, clientIp: '::ffff:192.0.2.7' },
      await tokenOf('member'),
    )
    const { simulation } = simulateKubernetesLoginReply.parse(reply.body)
    expect(simulation).toMatchObject({
      isAllowed: true,
      reason: null,
      whatToDo: null,
      accessToken: {
        expiresIn: 600,
        accessTokenMaxTTL: 1_000_000_000,
        accessTokenNumUsesLimit: 5,
        accessTokenTrustedIps: ['192.0.2.0/24'],
        isClientIpTrusted: true,
      },
      identity: { id: identityId, name: 'ci', role: 'member' },
      rights: expect.arrayContaining([{ subject: 'identities', action: ['read'] }]),
    })
    expect(resultsOf(simulation)).toEqual({
      identity: 'passed',
      'identity-enabled': 'passed',
      'auth-method': 'passed',
      organization: 'passed',
      review: 'passed',
      'audience-confirmed': 'not-required',
      'service-account': 'passed',
      'service-account-group': 'passed',
      namespace: 'passed',
      name: 'passed',
      audience: 'not-required',
    })
  })

  it.each([
    ['192.0.2.7', true],
    ['198.51.100.1', false],
    ['not-an-address', false],
    [undefined, null],
  ])('T35: says of the address %s that it is trusted: %s', async (clientIp, isTrusted) => {
    const identityId = await attachedIdentity({ accessTokenTrustedIps: [{ ipAddress: '192.0.2.0/24' }] })
    const { accessToken } = await simulationOf(identityId, { ...api, ...(clientIp && { clientIp }) })
    expect(accessToken.isClientIpTrusted).toBe(isTrusted)
  })

  it.each([
    ['namespace-not-allowed', 'namespace', { namespace: 'billing' }, {}],
    ['username-malformed', 'service-account', { name: 'Api' }, {}],
    ['name-not-allowed', 'name', { name: 'web' }, {}],
    ['audience-not-allowed', 'audience', { audiences: ['other'] }, { allowedAudience: 'vault' }],
    ['review-audience-missing', 'audience-confirmed', {}, { allowedAudience: 'vault' }],
    ['username-malformed', 'service-account', { name: 'a:b' }, {}],
    ['token-not-authenticated', 'review', { clusterVouches: false }, {}],
  ])('names %s at the step %s', async (reason, failedStep, change, settings) => {
    const simulation = await simulationOf(await attachedIdentity(settings), { ...api, ...change })
    expect(simulation).toMatchObject({ isAllowed: false, reason, whatToDo: expect.any(String) })
    expect(simulation.steps.find(({ result }) => result === 'failed')?.step).toBe(failedStep)
  })

  it('says that a disabled identity lets nobody in', async () => {
    const identityId = await attachedIdentity()
    await postern.app.call('PATCH', `/api/v1/identities/${identityId}`, {
      token: postern.admin,
      body: { isDisabled: true },
    })
    expect(await simulationOf(identityId)).toMatchObject({ isAllowed: false, reason: 'identity-disabled' })
  })

  it('agrees with the login itself, whoever asks', async () => {
    await postern.cluster.createServiceAccount('payments', 'job-1')
    const cases = [
      { allowedNames: 'job-?', allowedAudience: '' },
      { allowedNames: 'job', allowedAudience: '' },
      { allowedNames: '*', allowedAudience: 'vault' },
      { allowedNames: '*', allowedAudience: 'other' },
    ]
    for (const settings of cases) {
      const identityId = await attachedIdentity(settings)
      const who = { namespace: 'payments', name: 'job-1', audiences: ['vault'] }
      const { isAllowed } = await simulationOf(identityId, who)
      const jwt = await postern.cluster.mintToken(
        settings.allowedAudience === '' ? { namespace: 'payments', name: 'job-1' } : who,
      )
      expect([settings, (await postern.login(identityId, jwt)).status === 200]).toEqual([settings, isAllowed])
    }
  })

  it('asks no cluster, logs nobody in, and is written down', async () => {
    const identityId = await attachedIdentity()
    const before = postern.cluster.received('tokenreviews')
    const reply = await simulate(identityId)
    expect(postern.cluster.received('tokenreviews')).toBe(before)
    const rows = await postern.app.database.kysely
      .selectFrom('audit_events')
      .select(['event', 'outcome', 'actor_kind', 'details'])
      .where('request_id', '=', reply.headers.get('x-request-id') ?? '')
      .execute()
    expect(rows).toMatchObject([
      {
        event: 'kubernetes-login-simulated',
        outcome: 'success',
        actor_kind: 'identity',
        details: { serviceAccount: api, isAllowed: true },
      },
    ])
    const identity = await postern.app.call('GET', `/api/v1/identities/${identityId}`, {
      token: postern.admin,
    })
    expect(identity.body).toMatchObject({ identity: { lastLoginTime: null } })
  })
})
