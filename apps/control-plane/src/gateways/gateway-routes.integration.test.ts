import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { attachIdentity, createOrganization } from './test/gateway-fixtures.ts'
import { type GatewayFeature, startGatewayFeature } from './test/start-gateway-feature.ts'

let database: TestDatabase
let feature: GatewayFeature
let organizationId: string
let admin: string

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
  admin = `admin ${organizationId}`
  feature.audit.events.length = 0
  feature.deletedIn.length = 0
})

async function createGateway(name = 'berlin'): Promise<string> {
  const { status, body } = await feature.call('POST', '/api/v3/gateways', { as: admin, body: { name } })
  expect(status).toBe(200)
  return String(body['id'])
}

it('creates, reads, lists, renames and deletes a gateway in the contract’s shape', async () => {
  const id = await createGateway()
  const shape = {
    id,
    identityId: null,
    name: 'berlin',
    createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    heartbeat: null,
    heartbeatTTL: 20,
    canRevoke: false,
    authMethod: { method: 'token' },
    connectedTunnels: 0,
    status: 'never-connected',
  }
  const path = `/api/v3/gateways/${id}`
  expect(await feature.call('GET', path, { as: admin })).toEqual({ status: 200, body: shape })
  expect(await feature.call('GET', '/api/v3/gateways', { as: admin })).toEqual({ status: 200, body: [shape] })
  expect(await feature.call('PATCH', path, { as: admin, body: { name: 'paris' } })).toEqual({
    status: 200,
    body: { ...shape, name: 'paris' },
  })
  expect(await feature.call('DELETE', path, { as: admin })).toMatchObject({
    status: 200,
    body: { name: 'paris' },
  })
  expect(await feature.call('GET', path, { as: admin })).toMatchObject({ status: 404 })
  const actor = { kind: 'identity', id: '00000000-0000-4000-8000-000000000001' }
  const common = { organizationId, outcome: 'success', actor, ipAddress: '127.0.0.1' }
  expect(feature.audit.events).toMatchObject([
    { ...common, event: 'gateway-created', details: { gatewayId: id, gatewayName: 'berlin' } },
    { ...common, event: 'gateway-renamed', details: { gatewayName: 'paris', previousName: 'berlin' } },
    { ...common, event: 'gateway-deleted', details: { gatewayName: 'paris' } },
  ])
})

it('lists for older clients as a bare array in their shape', async () => {
  const id = await createGateway()
  await attachIdentity(database.kysely, organizationId, id, 'api')
  expect(await feature.call('GET', '/api/v2/gateways', { as: admin })).toEqual({
    status: 200,
    body: [
      {
        id,
        name: 'berlin',
        identityId: null,
        identity: null,
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
        heartbeat: null,
        heartbeatTTL: 20,
        lastHealthCheckStatus: null,
        connectedResourcesCount: 1,
      },
    ],
  })
})

it('takes a name once, on creation and on renaming', async () => {
  await createGateway('berlin')
  const other = await createGateway('paris')
  const taken = { status: 400, body: { error: 'BadRequest', message: expect.stringContaining('"berlin"') } }
  const body = { name: 'berlin' }
  expect(await feature.call('POST', '/api/v3/gateways', { as: admin, body })).toMatchObject(taken)
  expect(await feature.call('PATCH', `/api/v3/gateways/${other}`, { as: admin, body })).toMatchObject(taken)
})

it.each(['', 'Berlin', 'a b', '-a', 'a-', 'a--b', 'ä', 'a\n', 'a'.repeat(65), 7, null])(
  'refuses the name %j with 422',
  async (name) => {
    const reply = await feature.call('POST', '/api/v3/gateways', { as: admin, body: { name } })
    expect(reply).toMatchObject({ status: 422, body: { message: [{ path: ['name'] }] } })
  },
)

it('takes the method token, and says what to do instead of any other', async () => {
  const create = (name: string, method: string) =>
    feature.call('POST', '/api/v3/gateways', { as: admin, body: { name, authMethod: { method } } })
  expect(await create('berlin', 'token')).toMatchObject({ status: 200 })
  for (const method of ['aws', 'gcp', '']) {
    expect(await create('paris', method)).toMatchObject({
      status: 422,
      body: {
        message: [{ path: ['authMethod', 'method'], message: expect.stringContaining('enrolment token') }],
      },
    })
  }
})

it('refuses to delete what identities use, and names them', async () => {
  const id = await createGateway()
  const identityId = await attachIdentity(database.kysely, organizationId, id, 'payments')
  feature.tunnels.open({ gatewayId: id, keyId: 'k' })
  const reply = await feature.call('DELETE', `/api/v3/gateways/${id}`, { as: admin })
  expect(reply).toMatchObject({
    status: 400,
    body: {
      message: expect.stringMatching(/attached to active resources.*payments/),
      details: { identities: [{ id: identityId, name: 'payments' }], gateways: [] },
    },
  })
  expect(feature.tunnels.tunnelCount(id)).toBe(1)
})

it('shows who is connected, was connected, and is revoked', async () => {
  const id = await createGateway()
  const read = async () => (await feature.call('GET', `/api/v3/gateways/${id}`, { as: admin })).body
  feature.tunnels.open({ gatewayId: id, keyId: 'k1' })
  feature.tunnels.open({ gatewayId: id, keyId: 'k1' })
  expect(await read()).toMatchObject({
    status: 'connected',
    connectedTunnels: 2,
    heartbeat: expect.any(String),
  })
  await database.kysely
    .updateTable('gateways')
    .set({ last_connected_at: new Date(0) })
    .where('id', '=', id)
    .execute()
  feature.tunnels.closeTunnelsOf(id, 'gateway-revoked')
  expect(await read()).toMatchObject({ status: 'disconnected', heartbeat: '1970-01-01T00:00:00.000Z' })
  const revoked = await feature.call('POST', `/api/v3/gateways/${id}/revoke`, { as: admin })
  expect(revoked).toEqual({ status: 200, body: { method: 'token' } })
  expect(await read()).toMatchObject({ status: 'revoked', canRevoke: false })
})

it.each(['revoke', 'delete'])('%s closes the gateway’s tunnels here before it answers', async (action) => {
  const id = await createGateway()
  const other = await createGateway('paris')
  for (const gatewayId of [id, id, other]) feature.tunnels.open({ gatewayId, keyId: 'k' })
  const path = `/api/v3/gateways/${id.toUpperCase()}`
  const reply =
    action === 'revoke'
      ? await feature.call('POST', `${path}/revoke`, { as: admin })
      : await feature.call('DELETE', path, { as: admin })
  expect(reply.status).toBe(200)
  expect([feature.tunnels.tunnelCount(id), feature.tunnels.tunnelCount(other)]).toEqual([0, 1])
})

it('tells whoever remembers pools that a gateway went, once it has', async () => {
  const [used, unused] = [await createGateway(), await createGateway('paris')]
  await attachIdentity(database.kysely, organizationId, used, 'payments')
  const remove = (id: string) => feature.call('DELETE', `/api/v3/gateways/${id}`, { as: admin })
  expect([(await remove(used)).status, feature.deletedIn]).toEqual([400, []])
  expect([(await remove(unused)).status, feature.deletedIn]).toEqual([200, [organizationId]])
})

describe('permissions', () => {
  const writes: [string, string, string][] = [
    ['POST', '', 'create'],
    ['PATCH', '/:id', 'edit'],
    ['DELETE', '/:id', 'delete'],
    ['POST', '/:id/revoke', 'revoke'],
    ['POST', '/:id/token-auth/generate-enrollment-token', 'edit'],
  ]

  it.each(writes)(
    'a member may not %s /gateways%s, and is told what is missing',
    async (method, path, action) => {
      const id = await createGateway()
      const reply = await feature.call(method, `/api/v3/gateways${path.replace(':id', id)}`, {
        as: `member ${organizationId}`,
        body: { name: 'other' },
      })
      expect(reply).toMatchObject({ status: 403, body: { details: { action, subject: 'gateways' } } })
      expect(feature.audit.events.slice(1)).toMatchObject([
        { outcome: 'denied', reason: 'permission-denied', organizationId },
      ])
    },
  )

  it('a member reads', async () => {
    const id = await createGateway()
    for (const path of ['/api/v3/gateways', `/api/v3/gateways/${id}`, '/api/v2/gateways']) {
      expect((await feature.call('GET', path, { as: `member ${organizationId}` })).status).toBe(200)
      expect((await feature.call('GET', path, { as: `no-access ${organizationId}` })).status).toBe(403)
      expect((await feature.call('GET', path)).status).toBe(401)
    }
  })

  it.each([['GET', '/:id', 'read'] as const, ...writes.slice(1)])(
    'T18 %s /gateways%s of another organization is the same 404 as of an unknown gateway',
    async (method, path) => {
      const id = await createGateway()
      const stranger = `admin ${await createOrganization(database.kysely)}`
      const ask = (gatewayId: string) =>
        feature.call(method, `/api/v3/gateways${path.replace(':id', gatewayId)}`, {
          as: stranger,
          ...(method === 'GET' ? {} : { body: { name: 'stolen' } }),
        })
      const [foreign, unknown] = [await ask(id), await ask(randomUUID())]
      expect(foreign.status).toBe(404)
      expect({ ...foreign.body, reqId: '' }).toEqual({ ...unknown.body, reqId: '' })
      const lists = await feature.call('GET', '/api/v3/gateways', { as: stranger })
      expect(lists.body).toEqual([])
    },
  )
})
