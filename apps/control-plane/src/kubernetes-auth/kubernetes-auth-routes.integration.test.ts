import { randomUUID } from 'node:crypto'
import { kubernetesAuthReply } from '@postern/api-contract/kubernetes-auth'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createGateway } from '../gateway-pools/test/gateway-pool-fixtures.ts'
import { createOrganization } from '../gateways/test/gateway-fixtures.ts'
import { type PosternWithCluster, startPosternWithCluster } from './test/postern-with-cluster.ts'

let postern: PosternWithCluster
beforeAll(async () => {
  postern = await startPosternWithCluster()
})
afterAll(() => postern.close())
afterEach(() => postern.cluster.behave())

/** An identity that `change` was attached to. */
async function attached(change: object = {}): Promise<string> {
  const identityId = await postern.createIdentity()
  expect(await postern.attach(identityId, change)).toMatchObject({ status: 200 })
  return identityId
}

/** An access token of an identity with this role. */
async function tokenOf(role: string): Promise<string> {
  const identityId = await postern.createIdentity(role)
  await postern.attach(identityId)
  const jwt = await postern.cluster.mintToken({ namespace: 'payments', name: 'api' })
  const { body } = await postern.login(identityId, jwt)
  return (body as { accessToken: string }).accessToken
}

describe('who may configure Kubernetes Auth', () => {
  it.each(['POST', 'PATCH', 'GET', 'DELETE'])('%s needs an access token', async (method) => {
    const body = { kubernetesHost: null, allowedNamespaces: '', allowedNames: 'a', allowedAudience: '' }
    const reply = await postern.configure(
      method,
      randomUUID(),
      method.startsWith('P') ? body : undefined,
      'x',
    )
    expect(reply.status).toBe(401)
  })

  it('a member may read it, without the reviewer JWT, and change nothing', async () => {
    const identityId = await attached()
    const member = await tokenOf('member')
    const read = await postern.configure('GET', identityId, undefined, member)
    expect(kubernetesAuthReply.parse(read.body).identityKubernetesAuth.tokenReviewerJwt).toBeNull()
    expect(JSON.stringify(read.body)).not.toContain(postern.reviewerJwt.split('.')[2])
    expect(await postern.configure('PATCH', identityId, {}, member)).toMatchObject({ status: 403 })
    expect(await postern.configure('DELETE', identityId, undefined, member)).toMatchObject({ status: 403 })
  })

  it('T17: the reviewer JWT is for those alone who may change this identity, and a gateway for those who may attach one', async () => {
    const role = {
      slug: 'auth-editor',
      name: 'x',
      permissions: [{ subject: 'identities', action: ['read', 'edit-auth'] }],
    }
    await postern.app.call('POST', '/api/v1/organization/roles', { token: postern.admin, body: role })
    const token = await tokenOf('auth-editor')
    const [own, above] = [await attached(), await postern.createIdentity('admin')]
    await postern.attach(above)
    const shown = async (identityId: string) =>
      kubernetesAuthReply.parse((await postern.configure('GET', identityId, undefined, token)).body)
        .identityKubernetesAuth.tokenReviewerJwt
    expect(await shown(own)).toBe(postern.reviewerJwt)
    expect(await shown(above)).toBeNull()
    expect(await postern.configure('PATCH', above, { allowedNames: '*' }, token)).toMatchObject({
      status: 403,
    })
    expect(await postern.configure('PATCH', own, { allowedNames: 'web' }, token)).toMatchObject({
      status: 200,
    })
    expect(await postern.configure('PATCH', own, { gatewayId: randomUUID() }, token)).toMatchObject({
      status: 403,
      body: { details: { action: 'attach', subject: 'gateways' } },
    })
    expect(await postern.configure('PATCH', own, { gatewayPoolId: randomUUID() }, token)).toMatchObject({
      status: 403,
      body: { details: { action: 'attach', subject: 'gateway-pools' } },
    })
  })

  it('T17: an identity without a role may not even read it', async () => {
    const identityId = await attached()
    const nobody = await tokenOf('no-access')
    expect(await postern.configure('GET', identityId, undefined, nobody)).toMatchObject({ status: 403 })
  })

  it('T18: an identity of another organization is as unknown as none', async () => {
    const { kysely } = postern.app.database
    const organization = await kysely
      .insertInto('organizations')
      .values({ name: 'other', slug: 'other', wrapped_key: Buffer.alloc(0) })
      .returning('id')
      .executeTakeFirstOrThrow()
    const identity = await kysely
      .insertInto('identities')
      .values({
        organization_id: organization.id,
        name: 'theirs',
        role: 'no-access',
        last_login_auth_method: null,
        last_login_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    for (const [method, body] of [['GET'], ['PATCH', {}], ['DELETE']] as const) {
      const theirs = await postern.configure(method, identity.id, body)
      expect(theirs).toMatchObject({
        status: 404,
        body: { message: 'There is no such identity in your organization' },
      })
      expect((await postern.configure(method, randomUUID(), body)).status).toBe(404)
    }
    expect((await postern.attach(identity.id)).status).toBe(404)
  })
})

describe('what is not saved', () => {
  it.each([
    ['T12: empty rules', 422, { allowedNamespaces: '', allowedNames: '' }],
    ['T19: a rich glob', 422, { allowedNames: '@(a|b)' }],
    ['T20: credentials in the host', 422, { kubernetesHost: 'https://a:b@127.0.0.1' }],
    ['a TTL above the maximum', 422, { accessTokenTTL: 2, accessTokenMaxTTL: 1 }],
    ['mode gateway without a gateway', 422, { tokenReviewMode: 'gateway' }],
    ['a pool that does not exist', 404, { tokenReviewMode: 'gateway', gatewayPoolId: randomUUID() }],
    [
      'a gateway and a pool',
      422,
      { tokenReviewMode: 'gateway', gatewayId: randomUUID(), gatewayPoolId: randomUUID() },
    ],
    ['a gateway that does not exist', 404, { tokenReviewMode: 'gateway', gatewayId: randomUUID() }],
    ['an IPv6 literal for a host', 422, { kubernetesHost: 'https://[::1]:6443' }],
    ['no rules at all', 422, { allowedNamespaces: undefined }],
    ['a host that is not there', 422, { kubernetesHost: undefined }],
    ['a host of nothing', 422, { kubernetesHost: '' }],
    ['a CA and no verification', 400, { verifyTlsCertificate: false }],
    ['a TTL beyond ten years', 422, { accessTokenTTL: 315_360_001, accessTokenMaxTTL: 0 }],
    ['a fraction of a use', 422, { accessTokenNumUsesLimit: 0.5 }],
    ['no trusted IP', 422, { accessTokenTrustedIps: [] }],
    ['a mode that does not exist', 422, { tokenReviewMode: 'relay' }],
    ['a bad trusted IP', 400, { accessTokenTrustedIps: [{ ipAddress: 'localhost' }] }],
    ['T23: a CA that did not sign', 400, { caCert: '' }],
    ['a reviewer JWT that is none', 400, { tokenReviewerJwt: 'junk' }],
  ])('%s: %d', async (_title, status, change) => {
    const identityId = await postern.createIdentity()
    expect((await postern.attach(identityId, change)).status).toBe(status)
    expect((await postern.configure('GET', identityId)).status).toBe(404)
  })

  it('a pool without a healthy member, nor one of another organization', async () => {
    const { kysely } = postern.app.database
    const gatewayPoolId = async (organizationId: string, ...gateways: string[]): Promise<string> => {
      const pool = await kysely
        .insertInto('gateway_pools')
        .values({ organization_id: organizationId, name: randomUUID() })
        .returning('id')
        .executeTakeFirstOrThrow()
      for (const name of gateways) {
        const gateway_id = await createGateway(kysely, organizationId, name)
        await kysely
          .insertInto('gateway_pool_members')
          .values({ gateway_pool_id: pool.id, gateway_id })
          .execute()
      }
      return pool.id
    }
    const { organizationId } = postern
    const save = async (id: string, identityId: string) =>
      postern.attach(identityId, { tokenReviewMode: 'gateway', gatewayPoolId: id })
    const identityId = await postern.createIdentity()
    const empty = await save(await gatewayPoolId(organizationId), identityId)
    expect(empty).toMatchObject({ status: 400, body: { message: expect.stringContaining('has no gateway') } })
    const down = await save(await gatewayPoolId(organizationId, 'north', 'south'), identityId)
    expect(down).toMatchObject({
      status: 400,
      body: {
        message: expect.stringMatching(/is healthy. The gateway north is not connected.*south/),
        details: {
          reason: 'gateway-unavailable',
          members: [
            { gatewayName: 'north', outcome: 'not-connected' },
            { gatewayName: 'south', outcome: 'not-connected' },
          ],
        },
      },
    })
    const theirs = await gatewayPoolId(await createOrganization(kysely), 'theirs')
    expect(await save(theirs, identityId)).toMatchObject({ status: 404 })
    expect((await postern.configure('GET', identityId)).status).toBe(404)
  })

  it('T20: an internal host, where those are not allowed', async () => {
    const guarded = await startPosternWithCluster({ allowInternalKubernetesHosts: false })
    try {
      const reply = await guarded.attach(await guarded.createIdentity())
      expect(reply).toMatchObject({ status: 400, body: { details: { reason: 'host-not-allowed' } } })
      expect(guarded.cluster.received('version')).toBe(0)
    } finally {
      await guarded.close()
    }
  })

  it('a change that the cluster no longer supports', async () => {
    const identityId = await attached()
    postern.cluster.misbehave({ on: 'version', how: { kind: 'refuse', code: 503 } })
    expect(await postern.configure('PATCH', identityId, { allowedNames: '*' })).toMatchObject({ status: 400 })
    const { body } = await postern.configure('GET', identityId)
    expect(kubernetesAuthReply.parse(body).identityKubernetesAuth.allowedNames).toBe('api')
  })

  it('a second one, a change of none, a removal of none', async () => {
    const identityId = await attached()
    expect((await postern.attach(identityId)).status).toBe(400)
    const bare = await postern.createIdentity()
    expect((await postern.configure('PATCH', bare, {})).status).toBe(400)
    expect((await postern.configure('DELETE', bare)).status).toBe(400)
  })
})

describe('what is saved', () => {
  it('is returned by all four verbs in the contract’s shape', async () => {
    const identityId = await postern.createIdentity()
    const post = await postern.attach(identityId, { accessTokenTrustedIps: [{ ipAddress: '127.0.0.0/8' }] })
    const created = kubernetesAuthReply.parse(post.body)
    expect(created.identityKubernetesAuth).toMatchObject({
      identityId,
      tokenReviewMode: 'api',
      kubernetesHost: postern.cluster.url,
      verifyTlsCertificate: true,
      tokenReviewerJwt: postern.reviewerJwt,
      gatewayId: null,
      gatewayPoolId: null,
      accessTokenTTL: 2_592_000,
      accessTokenTrustedIps: [{ ipAddress: '127.0.0.0', type: 'ipv4', prefix: 8 }],
    })
    expect((await postern.configure('GET', identityId)).body).toEqual(created)
    const patch = await postern.configure('PATCH', identityId, { allowedNames: 'api,web' })
    expect(kubernetesAuthReply.parse(patch.body).identityKubernetesAuth.allowedNames).toBe('api,web')
    const removed = await postern.configure('DELETE', identityId)
    expect(removed).toMatchObject({ status: 200, body: patch.body })
    expect((await postern.configure('GET', identityId)).status).toBe(404)
  })

  it('takes what Terraform sends, to create and to change', async () => {
    const identityId = await postern.createIdentity()
    const created = await postern.attach(identityId, { identityId, gatewayId: null, tokenReviewMode: 'api' })
    expect(created.status).toBe(200)
    const changed = await postern.configure('PATCH', identityId, {
      kubernetesHost: postern.cluster.url,
      caCert: postern.cluster.caCert,
      tokenReviewerJwt: null,
      tokenReviewMode: 'api',
      gatewayId: null,
    })
    expect(kubernetesAuthReply.parse(changed.body).identityKubernetesAuth.tokenReviewerJwt).toBeNull()
  })

  it('is changed by an empty body, and by fields that this version does not know, without a change', async () => {
    const identityId = await attached({ accessTokenTTL: 600, accessTokenMaxTTL: 0 })
    const before = kubernetesAuthReply.parse((await postern.configure('GET', identityId)).body)
    const same = await postern.configure('PATCH', identityId, { identityId, templateId: randomUUID() })
    const { identityKubernetesAuth: after } = kubernetesAuthReply.parse(same.body)
    expect({ ...after, updatedAt: '' }).toEqual({ ...before.identityKubernetesAuth, updatedAt: '' })
  })

  it.each<[string, object, object]>([
    ['an empty reviewer JWT leaves it', { tokenReviewerJwt: '' }, { tokenReviewerJwt: 'stored' }],
    ['a null reviewer JWT removes it', { tokenReviewerJwt: null }, { tokenReviewerJwt: null }],
    ['an empty audience asks for none', { allowedAudience: '' }, { allowedAudience: '' }],
    ['a null audience asks for none', { allowedAudience: null }, { allowedAudience: '' }],
    ['empty names leave them open, beside namespaces', { allowedNames: '' }, { allowedNames: '' }],
    ['null clears the gateway, where there is none too', { gatewayId: null }, { gatewayId: null }],
    ['null clears the pool, where there is none too', { gatewayPoolId: null }, { gatewayPoolId: null }],
    [
      'addresses and networks of both families',
      { accessTokenTrustedIps: [{ ipAddress: '10.0.0.0/8' }, { ipAddress: '2001:db8::1' }] },
      {
        accessTokenTrustedIps: [
          { ipAddress: '10.0.0.0', type: 'ipv4', prefix: 8 },
          { ipAddress: '2001:db8::1', type: 'ipv6' },
        ],
      },
    ],
    ['a TTL of nothing', { accessTokenTTL: 0 }, { accessTokenTTL: 0 }],
  ])('in a change: %s', async (_title, change, expected) => {
    const identityId = await attached()
    const reply = await postern.configure('PATCH', identityId, change)
    expect(reply.status).toBe(200)
    const { identityKubernetesAuth } = kubernetesAuthReply.parse(reply.body)
    const tokenReviewerJwt = identityKubernetesAuth.tokenReviewerJwt === null ? null : 'stored'
    expect({ ...identityKubernetesAuth, tokenReviewerJwt }).toMatchObject(expected)
  })

  it('T8: a change of the host removes the stored reviewer JWT, which never reaches the other one', async () => {
    const identityId = await attached()
    const kubernetesHost = postern.cluster.url.replace('127.0.0.1', 'localhost')
    expect(kubernetesHost).not.toBe(postern.cluster.url)
    const reviews = postern.cluster.received('tokenreviews')
    const changed = await postern.configure('PATCH', identityId, { kubernetesHost })
    expect(changed).toMatchObject({
      status: 200,
      body: { identityKubernetesAuth: { tokenReviewerJwt: null } },
    })
    expect(postern.cluster.received('tokenreviews')).toBe(reviews)
    const back = await postern.configure('PATCH', identityId, { kubernetesHost: postern.cluster.url })
    expect(back).toMatchObject({ body: { identityKubernetesAuth: { tokenReviewerJwt: null } } })
  })

  it('D2: the empty CA of Terraform is fine whatever the toggle, and turns nothing off', async () => {
    const open = await attached({ caCert: '', verifyTlsCertificate: false })
    const changed = await postern.configure('PATCH', open, { caCert: '', tokenReviewMode: 'api' })
    expect(changed).toMatchObject({
      status: 200,
      body: { identityKubernetesAuth: { verifyTlsCertificate: false, caCert: '' } },
    })
    const verified = await postern.configure('PATCH', open, { caCert: postern.cluster.caCert })
    expect(verified).toMatchObject({ body: { identityKubernetesAuth: { verifyTlsCertificate: true } } })
    // The system’s roots do not know the cluster: it is the certificate that is refused, not the request.
    const refused = await postern.configure('PATCH', open, { caCert: '' })
    expect(refused).toMatchObject({
      status: 400,
      body: { details: { reason: expect.stringMatching(/tls|certificate/) } },
    })
    expect((await postern.configure('GET', open)).body).toMatchObject({
      identityKubernetesAuth: { caCert: postern.cluster.caCert.trim(), verifyTlsCertificate: true },
    })
  })

  it('goes with its identity', async () => {
    const identityId = await attached()
    const jwt = await postern.cluster.mintToken({ namespace: 'payments', name: 'api' })
    expect((await postern.login(identityId, jwt)).status).toBe(200)
    await postern.app.call('DELETE', `/api/v1/identities/${identityId}`, { token: postern.admin })
    expect((await postern.configure('GET', identityId)).status).toBe(404)
    expect((await postern.login(identityId, jwt)).status).toBe(401)
    const { kysely } = postern.app.database
    const rows = await kysely
      .selectFrom('kubernetes_auths')
      .select('id')
      .where('identity_id', '=', identityId)
      .execute()
    expect(rows).toEqual([])
  })

  it('D2: without verification shows a warning wherever it is shown', async () => {
    const identityId = await attached({ caCert: '', verifyTlsCertificate: false })
    const { body } = await postern.configure('GET', identityId)
    expect(kubernetesAuthReply.parse(body).warnings.join()).toContain('not verified')
  })

  it('is in the audit log, without secrets', async () => {
    const identityId = await attached()
    await postern.configure('PATCH', identityId, { allowedNames: '*' })
    await postern.configure('DELETE', identityId)
    const rows = await postern.app.database.kysely
      .selectFrom('audit_events')
      .selectAll()
      .where('identity_id', '=', identityId)
      .where('event', 'like', 'kubernetes-auth-%')
      .orderBy('id')
      .execute()
    expect(rows.map(({ event }) => event)).toEqual([
      'kubernetes-auth-attached',
      'kubernetes-auth-updated',
      'kubernetes-auth-detached',
    ])
    const log = JSON.stringify(rows) + postern.app.logs()
    for (const piece of postern.reviewerJwt.split('.')) expect(log).not.toContain(piece)
  })
})

describe('what a change means for logins', () => {
  it('holds from the next login on, and T41: a removal ends the tokens that it led to', async () => {
    const identityId = await attached({ accessTokenTTL: 600, accessTokenMaxTTL: 3600 })
    const jwt = await postern.cluster.mintToken({ namespace: 'payments', name: 'api' })
    const login = await postern.login(identityId, jwt)
    const { accessToken } = login.body as { accessToken: string }
    const renew = () => postern.app.call('POST', '/api/v1/auth/token/renew', { body: { accessToken } })
    expect((await renew()).status).toBe(200)

    await postern.configure('PATCH', identityId, { allowedNames: 'web' })
    expect(await postern.login(identityId, jwt)).toMatchObject({ status: 401 })
    await postern.configure('PATCH', identityId, { allowedNames: 'api' })
    expect((await postern.login(identityId, jwt)).status).toBe(200)

    await postern.configure('DELETE', identityId)
    expect((await renew()).status).toBe(401)
    expect((await postern.login(identityId, jwt)).status).toBe(401)
  })
})
