import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { ApiError } from '../http/api-error.ts'
import { createOrganization } from './test/gateway-fixtures.ts'
import { type GatewayFeature, origin, type Reply, startGatewayFeature } from './test/start-gateway-feature.ts'

let database: TestDatabase
let feature: GatewayFeature
let organizationId: string

beforeAll(async () => {
  database = await createTestDatabase()
  feature = await startGatewayFeature(database.kysely)
})
afterAll(async () => {
  await feature.close()
  await database.close()
})
beforeEach(async () => {
  organizationId = await createOrganization(database.kysely)
  feature.audit.events.length = 0
  feature.cluster.tried.length = 0
  return () => feature.cluster.refuseReviewers(undefined)
})

function call(method: string, path: string, body?: unknown, role = 'admin'): Promise<Reply> {
  return feature.call(method, `/api/v3/gateways${path}`, { as: `${role} ${organizationId}`, body })
}

const direct = {
  method: 'kubernetes',
  kubernetesHost: 'https://cluster.example:6443',
  tokenReviewerJwt: 'reviewer.jwt.secret',
  allowedNamespaces: 'postern',
  allowedNames: 'postern-gateway',
}

async function create(name: string, authMethod?: object): Promise<string> {
  const { status, body } = await call('POST', '', { name, ...(authMethod && { authMethod }) })
  expect({ status, message: body.message }).toEqual({ status: 200, message: undefined })
  return String(body['id'])
}

function through(gatewayId: string): object {
  return { method: 'kubernetes', gatewayId, allowedNames: 'postern-gateway' }
}

it('T17 nobody has the settings of a gateway opened who may not delete it', async () => {
  const id = await create('berlin', direct)
  const sealed = Buffer.from('of another key')
  await database.kysely
    .updateTable('gateway_kubernetes_auths')
    .set({ token_reviewer_jwt_encrypted: sealed })
    .where('gateway_id', '=', id)
    .execute()
  expect((await call('DELETE', `/${id}`, undefined, 'member')).status).toBe(403)
  const stranger = { as: `admin ${await createOrganization(database.kysely)}` }
  expect((await feature.call('DELETE', `/api/v3/gateways/${id}`, stranger)).status).toBe(404)
})

it('a gateway that is deleted is shown once more with the settings that went with it', async () => {
  const id = await create('berlin', direct)
  expect(await call('DELETE', `/${id}`)).toMatchObject({
    status: 200,
    body: { authMethod: { method: 'kubernetes', kubernetesHost: direct.kubernetesHost } },
  })
})

describe('an authentication by pods’ tokens is refused', () => {
  const refusals: [title: string, change: object, path: string[]][] = [
    ['T12 without namespaces and names', { allowedNamespaces: ' ', allowedNames: '' }, ['allowedNamespaces']],
    ['T19 with a rule language of its own', { allowedNames: '[a-z]' }, ['allowedNames']],
    ['without a host in mode api', { kubernetesHost: null }, ['kubernetesHost']],
    ['with a host that is none', { kubernetesHost: 'ftp://cluster' }, ['kubernetesHost']],
    ['without the reviewer’s JWT', { tokenReviewerJwt: undefined }, ['tokenReviewerJwt']],
    ['with a CA that is none', { caCert: 'no certificate' }, ['caCert']],
    ['with a gateway in mode api', { tokenReviewMode: 'api', gatewayId: randomUUID() }, ['gatewayId']],
    ['without a gateway in mode gateway', { tokenReviewMode: 'gateway' }, ['gatewayId']],
    ['with a host in mode gateway', { gatewayId: randomUUID() }, ['kubernetesHost']],
    ['by a pool', { gatewayPoolId: randomUUID() }, ['gatewayPoolId']],
    ['with an audience of control characters', { allowedAudience: 'a\u0007b' }, ['allowedAudience']],
  ]

  it.each(refusals)('%s', async (_title, change, path) => {
    const reply = await call('POST', '', { name: 'berlin', authMethod: { ...direct, ...change } })
    expect(reply).toMatchObject({ status: 422, body: { message: [{ path: ['authMethod', ...path] }] } })
    expect((await call('GET', '')).body).toEqual([])
  })

  it('where the reviewer may not review, with its reason', async () => {
    feature.cluster.refuseReviewers(
      new ApiError('BadRequest', 'The token reviewer JWT may not review tokens'),
    )
    expect(await call('POST', '', { name: 'berlin', authMethod: direct })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('may not review') },
    })
    expect((await call('GET', '')).body).toEqual([])
  })

  it('T18 by a gateway of another organization, as by none', async () => {
    const own = organizationId
    organizationId = await createOrganization(database.kysely)
    const foreign = await create('paris')
    organizationId = own
    for (const authMethod of [through(foreign), through(randomUUID())]) {
      expect(await call('POST', '', { name: 'berlin', authMethod })).toMatchObject({ status: 404 })
    }
    expect((await call('GET', '')).body).toEqual([])
  })

  it('by the gateway itself, and by one that it vouches for, however far', async () => {
    const berlin = await create('berlin')
    const paris = await create('paris', through(berlin))
    const rome = await create('rome', through(paris))
    expect(await call('PATCH', `/${berlin}`, { authMethod: through(berlin) })).toMatchObject({
      status: 422,
      body: { message: [{ path: ['authMethod', 'gatewayId'] }] },
    })
    for (const reviewer of [paris, rome]) {
      expect(await call('PATCH', `/${berlin}`, { authMethod: through(reviewer) })).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining('itself vouched for by it') },
      })
    }
    expect((await call('GET', `/${berlin}`)).body).toMatchObject({ authMethod: { method: 'token' } })
  })

  it('to one of two gateways that would vouch for each other, when both are changed at once', async () => {
    for (const round of ['a', 'b', 'c', 'd', 'e']) {
      const [one, two] = [await create(`one-${round}`), await create(`two-${round}`)]
      const replies = await Promise.all([
        call('PATCH', `/${one}`, { authMethod: through(two) }),
        call('PATCH', `/${two}`, { authMethod: through(one) }),
      ])
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200, 400]))
    }
  })

  it('to members, and is written down', async () => {
    const id = await create('berlin')
    expect(await call('PATCH', `/${id}`, { authMethod: direct }, 'member')).toMatchObject({ status: 403 })
    expect(feature.audit.events.at(-1)).toMatchObject({
      event: 'gateway-auth-method-changed',
      outcome: 'denied',
      details: { gatewayId: id },
    })
  })
})

describe('an authentication by pods’ tokens', () => {
  it('is shown without the reviewer’s JWT, wherever the gateway is', async () => {
    const { body } = await call('POST', '', { name: 'berlin', authMethod: direct })
    const authMethod = {
      method: 'kubernetes',
      tokenReviewMode: 'api',
      gatewayId: null,
      kubernetesHost: 'https://cluster.example:6443',
      caCert: '',
      verifyTlsCertificate: true,
      hasTokenReviewerJwt: true,
      allowedNamespaces: 'postern',
      allowedNames: 'postern-gateway',
      allowedAudience: origin,
      warnings: [],
    }
    expect(body).toMatchObject({ authMethod, canRevoke: true, status: 'never-connected' })
    expect((await call('GET', '')).body).toMatchObject([{ authMethod }])
    expect((await call('GET', `/${String(body['id'])}`, undefined, 'member')).body).toMatchObject({
      authMethod,
    })
    const seen = JSON.stringify([await call('GET', ''), body, feature.audit.events]) + feature.server.logs()
    expect(seen).not.toContain('jwt.secret')
    const rows = await database.kysely.selectFrom('gateway_kubernetes_auths').selectAll().execute()
    expect(rows.map((row) => row.token_reviewer_jwt_encrypted?.toString()).join()).not.toContain('jwt.secret')
  })

  it('warns of a certificate that is not verified, which must be said out loud', async () => {
    const { body } = await call('POST', '', {
      name: 'berlin',
      authMethod: { ...direct, verifyTlsCertificate: false },
    })
    expect(body).toMatchObject({
      authMethod: { verifyTlsCertificate: false, warnings: [expect.stringContaining('not verified')] },
    })
  })

  it('T4 asks for this control plane’s own audience unless another is named', async () => {
    const named = await call('POST', '', {
      name: 'a',
      authMethod: { ...direct, allowedAudience: 'gateways' },
    })
    const empty = await call('POST', '', { name: 'b', authMethod: { ...direct, allowedAudience: '' } })
    expect(named.body).toMatchObject({ authMethod: { allowedAudience: 'gateways' } })
    expect(empty.body).toMatchObject({ authMethod: { allowedAudience: origin } })
  })

  it('T8 keeps the stored JWT for its own host alone', async () => {
    const id = await create('berlin', direct)
    const { tokenReviewerJwt: _jwt, ...rest } = direct
    const moved = { ...rest, kubernetesHost: 'https://evil.example' }
    expect(await call('PATCH', `/${id}`, { authMethod: moved })).toMatchObject({
      status: 422,
      body: { message: [{ path: ['authMethod', 'tokenReviewerJwt'] }] },
    })
    expect(await call('PATCH', `/${id}`, { authMethod: { ...rest, allowedNames: 'b' } })).toMatchObject({
      status: 200,
    })
    const given = { ...moved, tokenReviewerJwt: 'other.reviewer.jwt' }
    expect(await call('PATCH', `/${id}`, { authMethod: given })).toMatchObject({ status: 200 })
    const sent = feature.cluster.tried.map(({ kubernetesHost, tokenReviewerJwt }) => [
      kubernetesHost,
      tokenReviewerJwt,
    ])
    expect(sent).toEqual([
      ['https://cluster.example:6443', 'reviewer.jwt.secret'],
      ['https://cluster.example:6443', 'reviewer.jwt.secret'],
      ['https://evil.example', 'other.reviewer.jwt'],
    ])
  })

  it('takes no enrolment tokens, and leaves none usable from before', async () => {
    const id = await create('berlin')
    const { body } = await call('POST', `/${id}/token-auth/generate-enrollment-token`)
    await call('PATCH', `/${id}`, { authMethod: direct })
    expect(await call('POST', `/${id}/token-auth/generate-enrollment-token`)).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('own tokens') },
    })
    const enrolment = { token: body['token'], publicKey: 'A'.repeat(43) }
    const reply = await feature.call('POST', '/api/v3/gateways/token-auth/enroll', { body: enrolment })
    expect(reply.status).not.toBe(200)
    await call('PATCH', `/${id}`, { authMethod: { method: 'token' } })
    expect(await call('POST', `/${id}/token-auth/generate-enrollment-token`)).toMatchObject({ status: 200 })
  })

  it('is changed together with the name, or neither is', async () => {
    const id = await create('berlin', direct)
    await create('paris')
    const taken = { name: 'paris', authMethod: { method: 'token' } }
    expect(await call('PATCH', `/${id}`, taken)).toMatchObject({ status: 400 })
    expect((await call('GET', `/${id}`)).body).toMatchObject({
      name: 'berlin',
      authMethod: { method: 'kubernetes' },
    })
    expect(await call('PATCH', `/${id}`, { ...taken, name: 'rome' })).toMatchObject({
      status: 200,
      body: { name: 'rome', authMethod: { method: 'token' } },
    })
    expect(await call('PATCH', `/${id}`, {})).toMatchObject({ status: 422 })
    expect(feature.audit.events.slice(-2)).toMatchObject([
      { event: 'gateway-renamed', details: { previousName: 'berlin' } },
      { event: 'gateway-auth-method-changed', details: { method: 'token' } },
    ])
  })

  it('keeps the gateway that vouches from being deleted, and says for whom it does', async () => {
    const berlin = await create('berlin')
    const paris = await create('paris', through(berlin))
    expect(await call('DELETE', `/${berlin}`)).toMatchObject({
      status: 400,
      body: {
        message: expect.stringMatching(
          /attached to active resources: the pods of the gateways paris are vouched for/,
        ),
        details: { identities: [], gateways: [{ id: paris, name: 'paris' }] },
      },
    })
    expect(await call('DELETE', `/${paris}`)).toMatchObject({ status: 200 })
    expect(await call('DELETE', `/${berlin}`)).toMatchObject({ status: 200 })
  })

  it('is never left without the gateway that vouches, when that is deleted in the same moment', async () => {
    for (const round of ['a', 'b', 'c', 'd', 'e']) {
      const berlin = await create(`berlin-${round}`)
      const [made, deleted] = await Promise.all([
        call('POST', '', { name: `paris-${round}`, authMethod: through(berlin) }),
        call('DELETE', `/${berlin}`),
      ])
      expect([
        [200, 400],
        [404, 200],
      ]).toContainEqual([made?.status, deleted?.status])
    }
  })
})

async function untilSomebodyWaits(): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
      `.execute(database.kysely)
      return rows.length
    })
    .toBe(1)
}

it('a new name together with a new reviewer waits in no circle for who names the gateway as a reviewer', async () => {
  const [reviewer, gatewayId] = [await create('munich'), await create('berlin')]
  const renamed = await database.kysely.transaction().execute(async (other) => {
    const locked = other.selectFrom('organizations').select('id').where('id', '=', organizationId)
    await locked.forNoKeyUpdate().execute()
    const waiting = call('PATCH', `/${gatewayId}`, { name: 'hamburg', authMethod: through(reviewer) })
    await untilSomebodyWaits()
    const named = other.selectFrom('gateways').select('id').where('id', '=', gatewayId)
    await named.forKeyShare().execute()
    return { waiting }
  })
  expect(await renamed.waiting).toMatchObject({ status: 200, body: { name: 'hamburg' } })
})
