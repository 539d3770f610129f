import { randomUUID } from 'node:crypto'
import type { ClusterFrame } from '@postern/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { createOrganization } from '../gateways/test/gateway-fixtures.ts'
import { attachIdentityToPool, createGateway } from './test/gateway-pool-fixtures.ts'
import { type GatewayPoolFeature, startGatewayPoolFeature } from './test/start-gateway-pool-feature.ts'

const root = '/api/v1/gateway-pools'

let database: TestDatabase
let feature: GatewayPoolFeature
let organizationId: string
let admin: string

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 8 })
  feature = await startGatewayPoolFeature(database.kysely)
})
afterAll(async () => {
  await feature.close()
  await database.close()
})
beforeEach(async () => {
  organizationId = await createOrganization(database.kysely)
  admin = `admin ${organizationId}`
  feature.audit.events.length = 0
})

async function createPool(name = 'berlin'): Promise<string> {
  const { status, body } = await feature.call('POST', root, { as: admin, body: { name } })
  expect(status).toBe(200)
  return String(body['id'])
}

const gateway = (name: string): Promise<string> => createGateway(database.kysely, organizationId, name)
const add = (poolId: string, gatewayId: string) =>
  feature.call('POST', `${root}/${poolId}/memberships`, { as: admin, body: { gatewayId } })
const read = (poolId: string) => feature.call('GET', `${root}/${poolId}`, { as: admin })

function frameOf(byte: number): ClusterFrame {
  const hash = new Uint8Array(32).fill(byte)
  return { kind: 'cluster', rootCaSha256: [hash], tokenIssuer: 'https://kubernetes', issuerKeySha256: [hash] }
}
const healthy = { status: 'healthy' } as const

describe('who may use gateway pools', () => {
  const requests = [
    ['POST', '', { name: 'new' }],
    ['PATCH', '/:id', { name: 'new' }],
    ['DELETE', '/:id', undefined],
    ['POST', '/:id/memberships', { gatewayId: randomUUID() }],
    ['DELETE', `/:id/memberships/${randomUUID()}`, undefined],
    ['GET', '', undefined],
    ['GET', '/:id', undefined],
    ['GET', '/:id/resources', undefined],
  ] as const

  it.each(requests)('%s /gateway-pools%s needs an access token', async (method, path, body) => {
    const id = await createPool()
    const reply = await feature.call(method, `${root}${path.replace(':id', id)}`, body && { body })
    expect(reply.status).toBe(401)
  })

  it.each(requests)(
    'T17 %s /gateway-pools%s is refused to an identity without a role',
    async (method, path, body) => {
      const id = await createPool()
      const as = `no-access ${organizationId}`
      const reply = await feature.call(method, `${root}${path.replace(':id', id)}`, { as, body })
      expect(reply).toMatchObject({ status: 403, body: { error: 'PermissionDenied' } })
    },
  )

  it.each(requests)('a member reads and changes nothing: %s /gateway-pools%s', async (method, path, body) => {
    const id = await createPool()
    const as = `member ${organizationId}`
    const reply = await feature.call(method, `${root}${path.replace(':id', id)}`, { as, body })
    expect(reply.status).toBe(method === 'GET' ? 200 : 403)
  })

  it('a denied change is in the audit log', async () => {
    const id = await createPool()
    await feature.call('DELETE', `${root}/${id}`, { as: `member ${organizationId}` })
    expect(feature.audit.events.at(-1)).toMatchObject({
      event: 'gateway-pool-deleted',
      outcome: 'denied',
      reason: 'permission-denied',
      details: { gatewayPoolId: id },
    })
  })

  it.each(requests.filter(([, path]) => path !== ''))(
    'T18 %s /gateway-pools%s of another organization is the same 404 as of an unknown pool',
    async (method, path, body) => {
      const id = await createPool()
      const as = `admin ${await createOrganization(database.kysely)}`
      const ask = (poolId: string) =>
        feature.call(method, `${root}${path.replace(':id', poolId)}`, { as, body })
      const [foreign, unknown] = [await ask(id), await ask(randomUUID())]
      expect(foreign.status).toBe(404)
      expect({ ...foreign.body, reqId: '' }).toEqual({ ...unknown.body, reqId: '' })
      expect((await feature.call('GET', root, { as })).body).toEqual([])
    },
  )

  it('T48 a gateway of another organization is added to no pool', async () => {
    const id = await createPool()
    const theirs = await createGateway(database.kysely, await createOrganization(database.kysely), 'theirs')
    const [foreign, unknown] = [await add(id, theirs), await add(id, randomUUID())]
    expect(foreign.status).toBe(404)
    expect({ ...foreign.body, reqId: '' }).toEqual({ ...unknown.body, reqId: '' })
  })
})

describe('what is refused', () => {
  it.each(['', 'Berlin', 'a b', '-a', 'a--b', 'x'.repeat(33), 7, null, undefined])(
    'the name %j',
    async (name) => {
      const id = await createPool()
      expect((await feature.call('POST', root, { as: admin, body: { name } })).status).toBe(422)
      expect((await feature.call('PATCH', `${root}/${id}`, { as: admin, body: { name } })).status).toBe(422)
    },
  )

  it('a name that is taken, to create and to rename', async () => {
    await createPool('berlin')
    const paris = await createPool('paris')
    const refusal = {
      status: 400,
      body: { error: 'BadRequest', message: expect.stringContaining('"berlin"') },
    }
    expect(await feature.call('POST', root, { as: admin, body: { name: 'berlin' } })).toMatchObject(refusal)
    const renaming = feature.call('PATCH', `${root}/${paris}`, { as: admin, body: { name: 'berlin' } })
    expect(await renaming).toMatchObject(refusal)
  })

  it('an id that is no UUID', async () => {
    expect((await feature.call('GET', `${root}/berlin`, { as: admin })).status).toBe(422)
    expect((await add(await createPool(), 'berlin')).status).toBe(422)
  })

  it('a gateway that is a member already, and the removal of one that is not', async () => {
    const id = await createPool()
    const gatewayId = await gateway('one')
    expect((await add(id, gatewayId)).status).toBe(200)
    expect(await add(id, gatewayId)).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('member') },
    })
    const other = await gateway('two')
    const removal = await feature.call('DELETE', `${root}/${id}/memberships/${other}`, { as: admin })
    expect(removal).toMatchObject({ status: 404, body: { message: 'The gateway is no member of the pool' } })
  })

  it('the deletion of a pool that a Kubernetes Auth names, which it names in turn', async () => {
    const id = await createPool()
    const identityId = await attachIdentityToPool(database.kysely, organizationId, id, 'payments')
    const refusal = await feature.call('DELETE', `${root}/${id}`, { as: admin })
    expect(refusal).toMatchObject({
      status: 400,
      body: {
        message: expect.stringMatching(/^The pool "berlin" cannot be deleted.*payments/),
        details: { identities: [{ id: identityId, name: 'payments' }] },
      },
    })
    expect((await read(id)).status).toBe(200)
  })

  it('T6 a gateway of another cluster, with a reason that names both', async () => {
    const id = await createPool()
    const [one, two] = [await gateway('one'), await gateway('two')]
    feature.report(one, { health: healthy, cluster: frameOf(0xa1) })
    feature.report(two, { health: healthy, cluster: frameOf(0xb2) })
    expect((await add(id, one)).status).toBe(200)
    const refusal = await add(id, two)
    expect(refusal).toMatchObject({
      status: 400,
      body: {
        message: expect.stringContaining('remove all its members first'),
        details: {
          reason: 'cluster-mismatched',
          poolCluster: 'CA a1a1a1a1a1a1, key a1a1a1a1a1a1, issuer https://kubernetes',
          gatewayCluster: 'CA b2b2b2b2b2b2, key b2b2b2b2b2b2, issuer https://kubernetes',
        },
      },
    })
    expect((await read(id)).body).toMatchObject({ memberGatewayIds: [one] })
    expect(feature.audit.events.at(-1)).toMatchObject({
      event: 'gateway-pool-member-added',
      outcome: 'denied',
      reason: 'cluster-mismatched',
      details: { gatewayId: two, gatewayPoolName: 'berlin' },
    })
  })
})

describe('the pools API', () => {
  it('creates, reads, lists, renames and deletes a pool in the contract’s shape', async () => {
    const id = await createPool()
    const shape = {
      id,
      orgId: organizationId,
      name: 'berlin',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    }
    const counts = {
      memberCount: 0,
      healthyMemberCount: 0,
      memberGatewayIds: [],
      connectedResourcesCount: 0,
      cluster: null,
    }
    const path = `${root}/${id}`
    expect(await feature.call('GET', root, { as: admin })).toEqual({
      status: 200,
      body: [{ ...shape, ...counts }],
    })
    expect(await read(id)).toEqual({ status: 200, body: { ...shape, ...counts, gateways: [] } })
    const renamed = { status: 200, body: { ...shape, name: 'paris' } }
    expect(await feature.call('PATCH', path, { as: admin, body: { name: 'paris' } })).toEqual(renamed)
    expect(await feature.call('DELETE', path, { as: admin })).toEqual(renamed)
    expect((await read(id)).status).toBe(404)
  })

  it('adds and removes members, with the contract’s membership', async () => {
    const id = await createPool()
    const gatewayId = await gateway('one')
    const membership = {
      id: expect.any(String),
      gatewayPoolId: id,
      gatewayId,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    }
    const added = await add(id, gatewayId)
    expect(added).toEqual({ status: 200, body: membership })
    expect((await read(id)).body).toMatchObject({
      memberCount: 1,
      memberGatewayIds: [gatewayId],
      gateways: [{ id: gatewayId, name: 'one', heartbeat: null, heartbeatTTL: 20, status: 'disconnected' }],
    })
    const path = `${root}/${id}/memberships/${gatewayId}`
    expect(await feature.call('DELETE', path, { as: admin })).toEqual(added)
    expect((await read(id)).body).toMatchObject({ memberCount: 0, gateways: [] })
  })

  it('lists what uses a pool', async () => {
    const id = await createPool()
    const identityId = await attachIdentityToPool(database.kysely, organizationId, id, 'payments')
    expect(await feature.call('GET', `${root}/${id}/resources`, { as: admin })).toEqual({
      status: 200,
      body: {
        kubernetesAuths: [{ id: expect.any(String), identityId, identityName: 'payments' }],
        pkiDiscoveryConfigs: [],
        appConnections: [],
        dynamicSecrets: [],
      },
    })
    expect((await read(id)).body).toMatchObject({ connectedResourcesCount: 1 })
  })

  it('writes each change to the audit log', async () => {
    const id = await createPool()
    const gatewayId = await gateway('one')
    await feature.call('PATCH', `${root}/${id}`, { as: admin, body: { name: 'paris' } })
    await add(id, gatewayId)
    await feature.call('DELETE', `${root}/${id}/memberships/${gatewayId}`, { as: admin })
    await feature.call('DELETE', `${root}/${id}`, { as: admin })
    expect(feature.audit.events.map(({ event, outcome }) => `${event} ${outcome}`)).toEqual([
      'gateway-pool-created success',
      'gateway-pool-renamed success',
      'gateway-pool-member-added success',
      'gateway-pool-member-removed success',
      'gateway-pool-deleted success',
    ])
    expect(feature.audit.events[1]?.details).toEqual({
      gatewayPoolId: id,
      gatewayPoolName: 'paris',
      previousName: 'berlin',
    })
  })

  it('changes nothing when the audit row cannot be written', async () => {
    feature.audit.refuse(true)
    const reply = await feature.call('POST', root, { as: admin, body: { name: 'berlin' } })
    feature.audit.refuse(false)
    expect(reply.status).toBe(500)
    expect((await feature.call('GET', root, { as: admin })).body).toEqual([])
  })
})
