import { randomUUID } from 'node:crypto'
import { bootstrapResponse } from '@postern/api-contract/bootstrap'
import {
  identityMembershipResponse,
  identityResponse,
  listIdentitiesResponse,
} from '@postern/api-contract/identities'
import { type KubernetesStandIn, startKubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Reply, type TestApp, startTestApp } from './test/start-test-app.ts'

const password = 'correct horse battery'
const firstAccount = { email: ' Ada@Example.com ', password, organization: 'Größe & Söhne' }
const loginReply = z.object({ accessToken: z.string() })

interface Instance {
  app: TestApp
  admin: string
  organizationId: string
}

let app: TestApp
let cluster: KubernetesStandIn
let admin: string
let organizationId: string

beforeAll(async () => {
  ;[app, cluster] = await Promise.all([startTestApp(), startKubernetesStandIn()])
  await cluster.createServiceAccount('kube-system', 'reviewer')
  await cluster.grantTokenReview('kube-system', 'reviewer')
  await cluster.createServiceAccount('payments', 'api')
  ;({ admin, organizationId } = await bootstrap(app))
})
afterAll(async () => {
  await app.close()
  await cluster.close()
})

/** Twice at once: one wins. */
async function bootstrap(app: TestApp): Promise<Instance> {
  const attempts = [firstAccount, { ...firstAccount, email: 'eve@example.com' }].map((body) =>
    app.call('POST', '/api/v1/admin/bootstrap', { body }),
  )
  const replies = await Promise.all(attempts)
  const [won, ...others] = replies.toSorted((one, other) => one.status - other.status)
  if (won?.status !== 200 || others[0]?.status !== 400) {
    throw new Error(`two bootstraps at once: ${JSON.stringify(replies)}`)
  }
  const { identity, organization } = bootstrapResponse.parse(won.body)
  return { app, admin: identity.credentials.token, organizationId: organization.id }
}

async function createIdentity(
  change: object = {},
  instance = { app, admin, organizationId },
): Promise<string> {
  const body = { name: 'ci', organizationId: instance.organizationId, ...change }
  const reply = await instance.app.call('POST', '/api/v1/identities', { token: instance.admin, body })
  return identityResponse.parse(reply.body).identity.id
}

/** An identity that the workload payments/api of the cluster may log in to. */
async function createWorkloadIdentity(
  change: object = {},
  instance = { app, admin, organizationId },
): Promise<string> {
  const identityId = await createIdentity(change, instance)
  const body = {
    kubernetesHost: cluster.url,
    caCert: cluster.caCert,
    tokenReviewerJwt: await cluster.mintToken({ namespace: 'kube-system', name: 'reviewer' }),
    allowedNamespaces: 'payments',
    allowedNames: 'api',
    allowedAudience: '',
  }
  const path = `/api/v1/auth/kubernetes-auth/identities/${identityId}`
  const attached = await instance.app.call('POST', path, { token: instance.admin, body })
  if (attached.status !== 200) throw new Error(`not attached: ${JSON.stringify(attached.body)}`)
  return identityId
}

async function login(app: TestApp, identityId: string): Promise<Reply> {
  const jwt = await cluster.mintToken({ namespace: 'payments', name: 'api' })
  return app.call('POST', '/api/v1/auth/kubernetes-auth/login', { body: { identityId, jwt } })
}

async function logIn(change: object = {}): Promise<{ identityId: string; token: string }> {
  const identityId = await createWorkloadIdentity(change)
  return { identityId, token: loginReply.parse((await login(app, identityId)).body).accessToken }
}

describe('bootstrap', () => {
  it('is refused once it was done, with the remedy', async () => {
    const { status, body } = await app.call('POST', '/api/v1/admin/bootstrap', { body: firstAccount })
    expect(status).toBe(400)
    expect(body).toMatchObject({
      error: 'BadRequest',
      message: expect.stringContaining('already bootstrapped'),
    })
  })

  it('keeps the password as an argon2id hash and the address in lower case', async () => {
    const users = await app.database.kysely.selectFrom('users').select(['email', 'password_hash']).execute()
    expect(users).toEqual([
      {
        email: expect.stringMatching(/^(ada|eve)@example\.com$/),
        password_hash: expect.stringMatching(/^\$argon2id\$/),
      },
    ])
  })

  it('gives a token that expires in 30 days and can be renewed', async () => {
    const reply = await app.call('POST', '/api/v1/auth/token/renew', { body: { accessToken: admin } })
    expect(reply.body).toMatchObject({ expiresIn: 2_592_000, tokenType: 'Bearer' })
    expect((await app.call('GET', '/api/v1/identities/details', { token: admin })).body).toEqual({
      identityDetails: { organization: { id: organizationId, name: 'Größe & Söhne', slug: 'grosse-sohne' } },
    })
  })
})

describe('bootstrap of an empty instance', () => {
  it.each([
    [{ ...firstAccount, password: 'short' }, 'password'],
    [{ ...firstAccount, password: 'ada@example.com' }, 'password'],
    [{ ...firstAccount, email: 'ada' }, 'email'],
    [{ ...firstAccount, email: 'ada@exam\u0000ple.com' }, 'email'],
    [{ ...firstAccount, organization: '  ' }, 'organization'],
    [{ ...firstAccount, organization: 'a\u0000b' }, 'organization'],
  ])('refuses %j', async (body, field) => {
    const empty = await startTestApp()
    try {
      const reply = await empty.call('POST', '/api/v1/admin/bootstrap', { body })
      expect(reply.status).toBe(422)
      expect(reply.body).toMatchObject({ message: [expect.objectContaining({ path: [field] })] })
      expect(await empty.database.kysely.selectFrom('organizations').select('id').execute()).toEqual([])
    } finally {
      await empty.close()
    }
  })
})

describe('identities', () => {
  it.each([
    ['POST', '/api/v1/identities'],
    ['GET', `/api/v1/identities?orgId=${randomUUID()}`],
    ['GET', '/api/v1/identities/details'],
    ['GET', `/api/v1/identities/${randomUUID()}`],
    ['PATCH', `/api/v1/identities/${randomUUID()}`],
    ['DELETE', `/api/v1/identities/${randomUUID()}`],
  ])('%s %s needs an access token', async (method, path) => {
    const body = method === 'POST' ? { name: 'x', organizationId } : undefined
    expect(await app.call(method, path, { body })).toMatchObject({
      status: 401,
      body: { error: 'Unauthorized' },
    })
    expect((await app.call(method, path, { body, token: 'eyJhbGciOiJub25lIn0.e30.' })).status).toBe(401)
  })

  it('T17 a role too low is refused with the action and the subject', async () => {
    const nobody = await logIn()
    const member = await logIn({ role: 'member' })
    const body = { name: 'x', organizationId, role: 'admin' }
    for (const { token } of [nobody, member]) {
      const created = await app.call('POST', '/api/v1/identities', { token, body })
      expect(created).toMatchObject({
        status: 403,
        body: { error: 'PermissionDenied', details: { action: 'create', subject: 'identities' } },
      })
      const promoted = await app.call('PATCH', `/api/v1/identities/${nobody.identityId}`, {
        token,
        body: { role: 'admin' },
      })
      expect(promoted.status).toBe(403)
    }
    const path = `/api/v1/identities?orgId=${organizationId}`
    expect((await app.call('GET', path, { token: nobody.token })).status).toBe(403)
    expect((await app.call('GET', '/api/v3/gateways', { token: nobody.token })).status).toBe(403)
    expect((await app.call('GET', path, { token: member.token })).status).toBe(200)
    expect((await app.call('GET', '/api/v1/audit-logs', { token: member.token })).status).toBe(403)
  })

  it('T18 another organization and its identities do not exist', async () => {
    const { id: strangeId } = await app.database.kysely
      .insertInto('organizations')
      .values({ name: 'Other', slug: 'other', wrapped_key: Buffer.alloc(1) })
      .returning('id')
      .executeTakeFirstOrThrow()
    const { id } = await app.database.kysely
      .insertInto('identities')
      .values({ organization_id: strangeId, name: 'theirs', role: 'member' })
      .returning('id')
      .executeTakeFirstOrThrow()
    const replies = await Promise.all([
      app.call('GET', `/api/v1/identities?orgId=${strangeId}`, { token: admin }),
      app.call('POST', '/api/v1/identities', {
        token: admin,
        body: { name: 'x', organizationId: strangeId },
      }),
      app.call('GET', `/api/v1/identities/${id}`, { token: admin }),
      app.call('PATCH', `/api/v1/identities/${id}`, { token: admin, body: { name: 'mine' } }),
      app.call('DELETE', `/api/v1/identities/${id}`, { token: admin }),
    ])
    expect(replies.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404])
    const unknown = await app.call('GET', `/api/v1/identities/${randomUUID()}`, { token: admin })
    expect(z.object({ message: z.string() }).parse(replies[2]?.body).message).toBe(
      z.object({ message: z.string() }).parse(unknown.body).message,
    )
  })

  it.each([
    ['name', { name: '' }],
    ['name', { name: 'a\u0000b' }],
    ['role', { role: 'Owner!' }],
    ['hasDeleteProtection', { hasDeleteProtection: 'yes' }],
    [
      'metadata',
      {
        metadata: [
          { key: 'a', value: '1' },
          { key: 'a', value: '2' },
        ],
      },
    ],
    ['organizationId', { organizationId: 'x' }],
  ])('a wrong %s is a 422 that names it', async (field, change) => {
    const body = { name: 'x', organizationId, ...change }
    const reply = await app.call('POST', '/api/v1/identities', { token: admin, body })
    expect(reply.status).toBe(422)
    expect(reply.body).toMatchObject({ message: [expect.objectContaining({ path: [field] })] })
  })

  it('is created, read, changed and deleted in the contract’s shapes', async () => {
    const metadata = [{ key: 'team', value: 'payments' }]
    const id = await createIdentity({
      name: ' build ',
      role: 'member',
      hasDeleteProtection: true,
      metadata,
      unknownKey: 1,
    })
    const read = identityMembershipResponse.parse(
      (await app.call('GET', `/api/v1/identities/${id}`, { token: admin })).body,
    )
    expect(read.identity).toMatchObject({
      id,
      identityId: id,
      orgId: organizationId,
      role: 'member',
      roleId: null,
      metadata,
      identity: { id, name: 'build', hasDeleteProtection: true, authMethods: ['universal-auth'] },
    })
    const isProtected = await app.call('DELETE', `/api/v1/identities/${id}`, { token: admin })
    expect(isProtected).toMatchObject({ status: 400, body: { error: 'BadRequest' } })
    const patched = await app.call('PATCH', `/api/v1/identities/${id}`, {
      token: admin,
      body: { hasDeleteProtection: false, name: 'deploy' },
    })
    expect(patched.body).toMatchObject({
      identity: { id, name: 'deploy', role: 'member', projectId: null, orgId: organizationId },
    })
    const list = await app.call('GET', `/api/v1/identities?orgId=${organizationId}&search=deploy&limit=`, {
      token: admin,
    })
    expect(listIdentitiesResponse.parse(list.body)).toMatchObject({
      totalCount: 1,
      identities: [{ identity: { name: 'deploy' } }],
    })
    const deleted = await app.call('DELETE', `/api/v1/identities/${id}`, {
      token: admin,
      headers: { 'content-type': 'application/json' },
    })
    expect(deleted).toMatchObject({ status: 200, body: { identity: { id } } })
    expect((await app.call('GET', `/api/v1/identities/${id}`, { token: admin })).status).toBe(404)
  })

  it('the last admin, of machines and people, can neither be deleted nor disabled', async () => {
    const people = app.database.kysely.updateTable('organization_members')
    await people.set({ is_disabled: true }).execute()
    const { identities } = listIdentitiesResponse.parse(
      (await app.call('GET', `/api/v1/identities?orgId=${organizationId}&search=Instance`, { token: admin }))
        .body,
    )
    const path = `/api/v1/identities/${String(identities[0]?.id)}`
    expect((await app.call('DELETE', path, { token: admin })).status).toBe(400)
    expect((await app.call('PATCH', path, { token: admin, body: { isDisabled: true } })).status).toBe(400)
    await people.set({ is_disabled: false }).execute()
  })
})

describe('T46 the tokens of an identity', () => {
  it.each([
    [
      'disabled',
      (id: string) =>
        app.call('PATCH', `/api/v1/identities/${id}`, { token: admin, body: { isDisabled: true } }),
    ],
    ['deleted', (id: string) => app.call('DELETE', `/api/v1/identities/${id}`, { token: admin })],
  ])('are dead at once when it is %s', async (_title, change) => {
    const { identityId, token } = await logIn({ role: 'member' })
    expect((await app.call('GET', '/api/v3/gateways', { token })).status).toBe(200)
    expect((await change(identityId)).status).toBe(200)
    expect((await app.call('GET', '/api/v3/gateways', { token })).status).toBe(401)
    expect(
      (await app.call('POST', '/api/v1/auth/token/renew', { body: { accessToken: token } })).status,
    ).toBe(401)
  })

  it('stay dead when it is enabled again, and a new login works', async () => {
    const { identityId, token } = await logIn({ role: 'member' })
    const path = `/api/v1/identities/${identityId}`
    await app.call('PATCH', path, { token: admin, body: { isDisabled: true } })
    expect((await login(app, identityId)).status).toBe(401)
    await app.call('PATCH', path, { token: admin, body: { isDisabled: false } })
    expect((await app.call('GET', '/api/v3/gateways', { token })).status).toBe(401)
    const { accessToken } = loginReply.parse((await login(app, identityId)).body)
    expect((await app.call('GET', '/api/v3/gateways', { token: accessToken })).status).toBe(200)
  })
})

describe('an id in capitals', () => {
  it('names the same organization, and revokes the same identity at once', async () => {
    const list = await app.call('GET', `/api/v1/identities?orgId=${organizationId.toUpperCase()}`, {
      token: admin,
    })
    expect(list.status).toBe(200)
    const { identityId, token } = await logIn({ role: 'member' })
    const path = `/api/v1/identities/${identityId.toUpperCase()}`
    await app.call('PATCH', path, { token: admin, body: { isDisabled: true } })
    await app.call('PATCH', path, { token: admin, body: { isDisabled: false } })
    expect((await app.call('GET', '/api/v3/gateways', { token })).status).toBe(401)
  })
})

describe('a login', () => {
  it('shows as the identity’s last one, and its auth method is listed', async () => {
    const { identityId } = await logIn()
    await expect
      .poll(async () => (await app.call('GET', `/api/v1/identities/${identityId}`, { token: admin })).body, {
        timeout: 5000,
      })
      .toMatchObject({
        identity: {
          lastLoginAuthMethod: 'kubernetes-auth',
          lastLoginTime: expect.any(String),
          identity: { authMethods: ['kubernetes-auth', 'universal-auth'] },
        },
      })
  })
})

describe('the instance', () => {
  it('answers its status as clients expect it', async () => {
    const { status, body } = await app.call('GET', '/api/status')
    expect(status).toBe(200)
    expect(body).toMatchObject({ message: 'Ok', emailConfigured: false, inviteOnlySignup: true })
  })

  it('documents every route with an operation id, a summary and its refusals', async () => {
    const { body } = await app.call('GET', '/api/docs/json')
    const operation = z.object({
      operationId: z.string(),
      summary: z.string(),
      tags: z.array(z.string()).min(1),
    })
    const document = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) }).parse(body)
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(
      expect.arrayContaining([
        'loginWithKubernetesAuth',
        'bootstrapInstance',
        'createIdentity',
        'enrolGateway',
      ]),
    )
  })

  it('writes every change to the audit log', async () => {
    const { identityId } = await logIn({ role: 'member' })
    await app.call('PATCH', `/api/v1/identities/${identityId}`, { token: admin, body: { isDisabled: true } })
    await app.call('DELETE', `/api/v1/identities/${identityId}`, { token: admin })
    const events = await app.database.kysely
      .selectFrom('audit_events')
      .select(['event', 'outcome', 'actor_kind', 'ip_address'])
      .where('identity_id', '=', identityId)
      .orderBy('id')
      .execute()
    expect(events.map(({ event }) => event)).toEqual([
      'identity-created',
      'kubernetes-auth-attached',
      'kubernetes-login',
      'identity-disabled',
      'identity-deleted',
    ])
    expect(new Set(events.map((event) => `${event.outcome} ${String(event.ip_address)}`))).toEqual(
      new Set(['success 127.0.0.1']),
    )
  })

  it('writes down who tried what their role does not allow', async () => {
    const { identityId, token } = await logIn({ role: 'member' })
    const path = `/api/v1/identities/${identityId}`
    const refused = await app.call('PATCH', path, { token, body: { role: 'admin' } })
    const { auditLogs } = z
      .object({ auditLogs: z.array(z.unknown()) })
      .parse(
        (await app.call('GET', '/api/v1/audit-logs?event=identity-updated&outcome=denied', { token: admin }))
          .body,
      )
    expect(auditLogs[0]).toMatchObject({
      reason: 'permission-denied',
      requestId: refused.headers.get('x-request-id'),
      actor: { kind: 'identity', id: identityId },
      details: { target: identityId },
    })
  })

  it('T31 logs neither passwords nor tokens', async () => {
    const { token } = await logIn()
    for (const secret of [password, token, admin]) {
      for (const piece of secret.split('.')) expect(app.logs()).not.toContain(piece)
    }
    expect(app.logs()).toContain('"route":"/api/v1/admin/bootstrap"')
  })
})

describe('stopping', () => {
  it('finishes the login under way, takes no new connection, and ends', async () => {
    const instance = await bootstrap(await startTestApp())
    const stopping = instance.app
    const identityId = await createWorkloadIdentity({}, instance)
    const reviewsBefore = cluster.received('tokenreviews')
    cluster.misbehave({ on: 'tokenreviews', how: { kind: 'delay', delayMs: 300 }, times: 1 })
    const underWay = login(stopping, identityId)
    await expect.poll(() => cluster.received('tokenreviews')).toBe(reviewsBefore + 1)
    const [reply] = await Promise.all([underWay, stopping.stop()])
    expect(reply.status).toBe(200)
    await expect(stopping.call('GET', '/api/status')).rejects.toThrow(/fetch failed/)
    expect(stopping.logs()).not.toMatch(/going on without it/)
    const closed = stopping
      .logs()
      .split('\n')
      .find((line) => line.includes('closed, in phases'))
    const { tookMs, budgetMs } = JSON.parse(closed ?? '{}') as { tookMs: object; budgetMs: number }
    const phases = Object.keys(tookMs)
    const order = ['gateways and balancers told', 'requests', 'tunnels', 'http server', 'audit log']
    expect(phases.filter((phase) => order.includes(phase))).toEqual(order)
    // What control-plane.ts and the pod's grace period leave.
    expect(budgetMs).toBeLessThanOrEqual(43_000)
    const lastLogin = stopping.database.kysely
      .selectFrom('identities')
      .select('last_login_at')
      .where('id', '=', identityId)
    expect((await lastLogin.executeTakeFirst())?.last_login_at).toBeInstanceOf(Date)
    await stopping.close()
  })
})
