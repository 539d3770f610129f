import { randomUUID } from 'node:crypto'
import {
  clientSecretReply,
  createClientSecretReply,
  listClientSecretsReply,
  universalAuthReply,
} from '@postern/api-contract/universal-auth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type PosternWithClients,
  startPosternWithClients,
  universalAuthPath,
} from './test/postern-with-clients.ts'

let postern: PosternWithClients
beforeAll(async () => {
  postern = await startPosternWithClients()
})
afterAll(() => postern.close())

const everyAddress = [
  { ipAddress: '0.0.0.0', type: 'ipv4', prefix: 0 },
  { ipAddress: '::', type: 'ipv6', prefix: 0 },
]
const defaults = {
  clientSecretTrustedIps: everyAddress,
  accessTokenTrustedIps: everyAddress,
  accessTokenTTL: 2_592_000,
  accessTokenMaxTTL: 2_592_000,
  accessTokenNumUsesLimit: 0,
  accessTokenPeriod: 0,
  lockoutEnabled: true,
  lockoutThreshold: 3,
  lockoutDurationSeconds: 300,
  lockoutCounterResetSeconds: 30,
}

/** Every route under an identity: what it is called in the audit log if it changes something, and which right it needs. */
const routes: [method: string, path: string, right: string, event?: string][] = [
  ['GET', '', 'read'],
  ['POST', '', 'edit-auth', 'universal-auth-attached'],
  ['PATCH', '', 'edit-auth', 'universal-auth-updated'],
  ['DELETE', '', 'edit-auth', 'universal-auth-detached'],
  ['GET', '/client-secrets', 'read'],
  ['POST', '/client-secrets', 'edit-auth', 'client-secret-created'],
  ['GET', `/client-secrets/${randomUUID()}`, 'read'],
  ['POST', `/client-secrets/${randomUUID()}/revoke`, 'revoke', 'client-secret-revoked'],
  ['POST', '/clear-lockouts', 'edit-auth', 'lockouts-cleared'],
]

describe.each(routes)('%s …/universal-auth/identities/:id%s', (method, path, right, event) => {
  it('is 401 without a token', async () => {
    const reply = await postern.app.call(method, universalAuthPath(randomUUID()) + path)
    expect(reply.status).toBe(401)
  })

  it('T17: is 403 for a role without the right, which is named and written down', async () => {
    const token = await postern.logIn(await postern.createClient())
    const identityId = await postern.createIdentity()
    const body = method === 'GET' || method === 'DELETE' ? undefined : {}
    const reply = await postern.call(method, universalAuthPath(identityId) + path, body, token)
    expect(reply).toMatchObject({
      status: 403,
      body: { error: 'PermissionDenied', details: { action: right, subject: 'identities' } },
    })
    const denials = event === undefined ? [] : [{ event, outcome: 'denied', reason: 'permission-denied' }]
    expect(await postern.auditOf(reply)).toMatchObject(denials)
  })

  it('T18: does not know identities of another organization, nor those that do not exist', async () => {
    const foreign = await foreignIdentity()
    const body = method === 'GET' || method === 'DELETE' ? undefined : {}
    const replies = await Promise.all(
      [foreign, randomUUID()].map((id) => postern.call(method, universalAuthPath(id) + path, body)),
    )
    const shown = replies.map((reply) => ({
      status: reply.status,
      body: { ...(reply.body as object), reqId: '' },
    }))
    expect(shown[0]).toMatchObject({ status: 404, body: { error: 'NotFound' } })
    expect(shown[1]).toEqual(shown[0])
  })
})

async function foreignIdentity(): Promise<string> {
  const { kysely } = postern.app.database
  const name = randomUUID()
  const organization = await kysely
    .insertInto('organizations')
    .values({ name, slug: name, wrapped_key: Buffer.alloc(0) })
    .returning('id')
    .executeTakeFirstOrThrow()
  const identity = await kysely
    .insertInto('identities')
    .values({ name, organization_id: organization.id, role: 'no-access' })
    .returning('id')
    .executeTakeFirstOrThrow()
  return identity.id
}

async function bareIdentity(): Promise<string> {
  const identityId = await postern.createIdentity()
  await postern.call('DELETE', universalAuthPath(identityId))
  return identityId
}

describe('Universal Auth of an identity', () => {
  it.each([
    [{ accessTokenTTL: 61, accessTokenMaxTTL: 60 }, 'accessTokenTTL'],
    [{ accessTokenTTL: -1 }, 'accessTokenTTL'],
    [{ accessTokenTTL: 1.5 }, 'accessTokenTTL'],
    [{ accessTokenMaxTTL: 315_360_001 }, 'accessTokenMaxTTL'],
    [{ accessTokenPeriod: -1 }, 'accessTokenPeriod'],
    [{ accessTokenNumUsesLimit: -1 }, 'accessTokenNumUsesLimit'],
    [{ accessTokenTrustedIps: [] }, 'accessTokenTrustedIps'],
    [{ clientSecretTrustedIps: [{}] }, 'clientSecretTrustedIps'],
    [{ lockoutEnabled: 'yes' }, 'lockoutEnabled'],
    [{ lockoutThreshold: 0 }, 'lockoutThreshold'],
    [{ lockoutThreshold: 31 }, 'lockoutThreshold'],
    [{ lockoutDurationSeconds: 29 }, 'lockoutDurationSeconds'],
    [{ lockoutDurationSeconds: 86_401 }, 'lockoutDurationSeconds'],
    [{ lockoutCounterResetSeconds: 4 }, 'lockoutCounterResetSeconds'],
    [{ lockoutCounterResetSeconds: 3601 }, 'lockoutCounterResetSeconds'],
  ])('refuses %j with the name of the field, to attach and to change', async (body, field) => {
    const bare = await bareIdentity()
    const { identityId } = await postern.createClient()
    for (const [method, id] of [
      ['POST', bare],
      ['PATCH', identityId],
    ] as const) {
      const reply = await postern.call(method, universalAuthPath(id), body)
      const issue = expect.objectContaining({ path: expect.arrayContaining([field]) })
      expect(reply).toMatchObject({ status: 422, body: { message: expect.arrayContaining([issue]) } })
    }
  })

  it.each(['clientSecretTrustedIps', 'accessTokenTrustedIps'])(
    'refuses what is no address in %s',
    async (field) => {
      const body = { [field]: [{ ipAddress: '10.0.0.0/8' }, { ipAddress: '10.0.0.0/33' }] }
      const reply = await postern.call('POST', universalAuthPath(await bareIdentity()), body)
      expect(reply).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining(`${field}.1.ipAddress`) },
      })
    },
  )

  it('is missing with the statuses that clients expect', async () => {
    const url = universalAuthPath(await bareIdentity())
    expect((await postern.call('GET', url)).status).toBe(404)
    expect((await postern.call('PATCH', url, {})).status).toBe(400)
    expect((await postern.call('DELETE', url)).status).toBe(400)
    for (const [method, path] of routes.slice(4).map((route) => [route[0], route[1]] as const)) {
      expect((await postern.call(method, url + path, method === 'GET' ? undefined : {})).status).toBe(404)
    }
  })

  it('is attached once, with the contract’s defaults; unknown keys do no harm', async () => {
    const identityId = await bareIdentity()
    const url = universalAuthPath(identityId)
    const body = { identityId, clientSecretNumUsesLimit: 5, isClientSecretRotationEnabled: false }
    const attached = await postern.call('POST', url, body)
    expect(attached.status).toBe(200)
    const { identityUniversalAuth } = universalAuthReply.parse(attached.body)
    expect(identityUniversalAuth).toMatchObject({ identityId, ...defaults })
    expect((await postern.call('GET', url)).body).toEqual(attached.body)
    expect((await postern.call('POST', url, {})).status).toBe(400)
    expect(await postern.auditOf(attached)).toMatchObject([
      {
        event: 'universal-auth-attached',
        outcome: 'success',
        details: { clientId: identityUniversalAuth.clientId },
      },
    ])
  })

  it('is attached by one of many who try at once', async () => {
    const url = universalAuthPath(await bareIdentity())
    const replies = await Promise.all(Array.from({ length: 5 }, () => postern.call('POST', url, {})))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(replies.filter(({ status }) => status === 400)).toHaveLength(4)
  })

  it('keeps what a change leaves out, its client id first of all', async () => {
    const { identityId, clientId } = await postern.createClient({ accessTokenTTL: 600, lockoutThreshold: 7 })
    const url = universalAuthPath(identityId)
    const body = { accessTokenMaxTTL: 0, accessTokenTrustedIps: [{ ipAddress: '10.0.0.0/8' }] }
    const reply = await postern.call('PATCH', url, body)
    expect(universalAuthReply.parse(reply.body).identityUniversalAuth).toMatchObject({
      ...defaults,
      clientId,
      accessTokenTTL: 600,
      accessTokenMaxTTL: 0,
      lockoutThreshold: 7,
      accessTokenTrustedIps: [{ ipAddress: '10.0.0.0', type: 'ipv4', prefix: 8 }],
    })
    expect((await postern.call('GET', url)).body).toEqual(reply.body)
  })

  it('loses no change of two that are made at once', async () => {
    const { identityId } = await postern.createClient()
    const url = universalAuthPath(identityId)
    const changes = [{ accessTokenTTL: 60 }, { lockoutThreshold: 9 }, { accessTokenNumUsesLimit: 4 }]
    await Promise.all(changes.map((change) => postern.call('PATCH', url, change)))
    const { identityUniversalAuth } = universalAuthReply.parse((await postern.call('GET', url)).body)
    expect(identityUniversalAuth).toMatchObject(Object.assign({}, ...changes))
  })

  it('is shown among the identity’s auth methods until it is removed, and answers what it was', async () => {
    const { identityId, clientId } = await postern.createClient()
    const methods = async () => (await postern.call('GET', `/api/v1/identities/${identityId}`)).body
    expect(await methods()).toMatchObject({ identity: { identity: { authMethods: ['universal-auth'] } } })
    const removed = await postern.call('DELETE', universalAuthPath(identityId))
    expect(removed).toMatchObject({ status: 200, body: { identityUniversalAuth: { clientId } } })
    expect(await methods()).toMatchObject({ identity: { identity: { authMethods: [] } } })
    expect(await postern.attach(identityId)).not.toBe(clientId)
  })
})

describe('client secrets', () => {
  const secretsOf = (identityId: string) => `${universalAuthPath(identityId)}/client-secrets`

  it.each([
    [{ ttl: -1 }, 'ttl'],
    [{ ttl: 315_360_001 }, 'ttl'],
    [{ numUsesLimit: -1 }, 'numUsesLimit'],
    [{ numUsesLimit: 0.5 }, 'numUsesLimit'],
    [{ description: 'x'.repeat(1025) }, 'description'],
    [{ description: 'a\u0000b' }, 'description'],
    [{ description: 7 }, 'description'],
  ])('are not created of %j', async (body, field) => {
    const { identityId } = await postern.createClient()
    const reply = await postern.call('POST', secretsOf(identityId), body)
    expect(reply).toMatchObject({ status: 422, body: { message: [{ path: [field] }] } })
  })

  it('are shown once, and kept as a hash alone', async () => {
    const { identityId } = await postern.createClient()
    const reply = await postern.call('POST', secretsOf(identityId), { description: 'build', numUsesLimit: 2 })
    const { clientSecret, clientSecretData } = createClientSecretReply.parse(reply.body)
    expect(Buffer.from(clientSecret, 'base64url')).toHaveLength(32)
    expect(clientSecretData).toMatchObject({
      description: 'build',
      isClientSecretRevoked: false,
      clientSecretPrefix: clientSecret.slice(0, 4),
      clientSecretNumUses: 0,
      clientSecretNumUsesLimit: 2,
      clientSecretTTL: 0,
      clientSecretExpiresAt: null,
      clientSecretLastUsedAt: null,
    })
    const { kysely } = postern.app.database
    const everything = JSON.stringify([
      await kysely.selectFrom('client_secrets').selectAll().execute(),
      await kysely.selectFrom('audit_events').selectAll().execute(),
      postern.app.logs(),
    ])
    expect(everything).not.toContain(clientSecret.slice(5, 20))
    expect(everything).not.toContain(Buffer.from(clientSecret).toString('hex').slice(0, 40))
  })

  it('are listed and read without the secret, until they are revoked', async () => {
    const { identityId, clientSecretId } = await postern.createClient({}, { description: 'first', ttl: 3600 })
    const second = await postern.createSecret(identityId, { description: 'second' })
    const list = async () =>
      listClientSecretsReply.parse((await postern.call('GET', secretsOf(identityId))).body).clientSecretData
    expect((await list()).map(({ description }) => description)).toEqual(['first', 'second'])
    const one = clientSecretReply.parse(
      (await postern.call('GET', `${secretsOf(identityId)}/${clientSecretId}`)).body,
    ).clientSecretData
    expect(one).toEqual((await list())[0])
    expect(Date.parse(one.clientSecretExpiresAt ?? '') - Date.parse(one.createdAt)).toBe(3_600_000)

    const url = `${secretsOf(identityId)}/${clientSecretId}/revoke`
    const revoked = await postern.call('POST', url)
    expect(revoked).toMatchObject({
      status: 200,
      body: { clientSecretData: { isClientSecretRevoked: true } },
    })
    const again = await postern.call('POST', url, {})
    expect(again.body).toEqual(revoked.body)
    expect(await postern.auditOf(revoked)).toMatchObject([
      { event: 'client-secret-revoked', outcome: 'success', details: { clientSecretId } },
    ])
    expect(await postern.auditOf(again)).toEqual([])
    expect((await list()).map(({ id }) => id)).toEqual([second.clientSecretId])
    const gone = await postern.call('GET', `${secretsOf(identityId)}/${clientSecretId}`)
    expect(gone).toMatchObject({ status: 200, body: { clientSecretData: { isClientSecretRevoked: true } } })
  })

  it.each(['junk', 'null', '00000000', 'x'.repeat(100)])('have no id like %j', async (id) => {
    const { identityId } = await postern.createClient()
    expect((await postern.call('GET', `${secretsOf(identityId)}/${id}`)).status).toBe(404)
    expect((await postern.call('POST', `${secretsOf(identityId)}/${id}/revoke`)).status).toBe(404)
    expect((await postern.call('GET', universalAuthPath(id))).status).toBe(404)
  })

  it('of one identity are unknown under another', async () => {
    const [one, other] = [await postern.createClient(), await postern.createClient()]
    const url = `${secretsOf(other.identityId)}/${one.clientSecretId}`
    expect((await postern.call('GET', url)).status).toBe(404)
    expect((await postern.call('POST', `${url}/revoke`)).status).toBe(404)
    expect((await postern.login(one)).status).toBe(200)
  })
})
