import type { ClusterFrame } from '@postern/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { createOrganization } from '../gateways/test/gateway-fixtures.ts'
import { createGateway } from './test/gateway-pool-fixtures.ts'
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

describe('the health of a pool', () => {
  it('shows which members are healthy, degraded and why, or disconnected', async () => {
    const id = await createPool()
    const ids = [await gateway('one'), await gateway('two'), await gateway('three')]
    const [one = '', two = ''] = ids
    for (const gatewayId of ids) await add(id, gatewayId)
    feature.report(one, { health: healthy, cluster: frameOf(0xa1) })
    feature.report(two, {
      health: { status: 'degraded', reason: 'It may not review tokens.' },
      cluster: frameOf(0xa1),
    })
    const { body } = await read(id)
    expect(body).toMatchObject({
      memberCount: 3,
      healthyMemberCount: 1,
      memberGatewayIds: ids,
      gateways: [
        { name: 'one', status: 'healthy', statusReason: null, heartbeat: expect.any(String) },
        { name: 'two', status: 'degraded', statusReason: 'It may not review tokens.' },
        { name: 'three', status: 'disconnected', statusReason: null, heartbeat: null },
      ],
    })
    const list = await feature.call('GET', root, { as: admin })
    expect(list.body).toMatchObject([{ memberCount: 3, healthyMemberCount: 1 }])
  })
})

describe('the cluster of a pool', () => {
  const members = async (poolId: string) => (await feature.directory.find(poolId, organizationId))?.memberIds

  it('is that of the first member to report one, and a member that says nothing is kept out from then on', async () => {
    const id = await createPool()
    const [one, two] = [await gateway('one'), await gateway('two')]
    await add(id, one)
    await add(id, two)
    expect(await members(id)).toEqual([one, two])
    feature.report(one, { health: healthy, cluster: frameOf(0xa1) })
    feature.report(two, { health: healthy })
    await feature.eventually(async () => expect(await members(id)).toEqual([one]))
    expect((await read(id)).body).toMatchObject({
      cluster: 'CA a1a1a1a1a1a1, key a1a1a1a1a1a1, issuer https://kubernetes',
      healthyMemberCount: 1,
      gateways: [
        { status: 'healthy' },
        { status: 'degraded', statusReason: expect.stringContaining('has not said which cluster') },
      ],
    })
    expect(feature.audit.events.at(-1)).toMatchObject({
      event: 'gateway-pool-cluster-learned',
      actor: { kind: 'gateway', id: one },
    })
  })

  it('T6 while it is unknown, a connected member that says nothing is degraded, and kept out at save', async () => {
    const id = await createPool()
    const one = await gateway('one')
    await add(id, one)
    feature.report(one, { health: healthy })
    expect((await read(id)).body).toMatchObject({
      cluster: null,
      healthyMemberCount: 0,
      gateways: [{ status: 'degraded', statusReason: expect.stringContaining('has not said which cluster') }],
    })
    expect(await feature.findPoolToCheck(id, organizationId)).toMatchObject({
      members: [{ keptOut: expect.stringContaining('has not said which cluster') }],
    })
    feature.report(one, { health: healthy, cluster: frameOf(0xa1) })
    expect((await read(id)).body).toMatchObject({ healthyMemberCount: 1 })
  })

  it('is learned whatever text a gateway gives as its issuer, and nobody else’s report waits for it', async () => {
    const [hostile, harmless] = [await createPool('hostile'), await createPool('harmless')]
    const [one, two] = [await gateway('one'), await gateway('two')]
    await add(hostile, one)
    await add(harmless, two)
    feature.report(one, { health: healthy, cluster: { ...frameOf(0xa1), tokenIssuer: 'https://\0' } })
    feature.report(two, { health: healthy, cluster: frameOf(0xb2) })
    await feature.eventually(async () => {
      expect((await read(harmless)).body).toMatchObject({ cluster: expect.stringContaining('CA b2b2') })
      expect((await read(hostile)).body).toMatchObject({ cluster: expect.stringContaining('CA a1a1') })
    })
  })

  it('T6 a member that turns up in another cluster is no candidate, degraded with the reason, until it is back', async () => {
    const id = await createPool()
    const [one, two] = [await gateway('one'), await gateway('two')]
    for (const gatewayId of [one, two]) {
      feature.report(gatewayId, { health: healthy, cluster: frameOf(0xa1) })
      await add(id, gatewayId)
    }
    expect(await members(id)).toEqual([one, two])
    feature.report(two, { health: healthy, cluster: frameOf(0xb2) })
    expect((await read(id)).body).toMatchObject({
      healthyMemberCount: 1,
      gateways: [
        { status: 'healthy' },
        {
          status: 'degraded',
          statusReason: expect.stringMatching(/another cluster \(CA b2b2.*than its pool \(CA a1a1/),
          cluster: expect.stringContaining('CA b2b2'),
        },
      ],
    })
    await feature.eventually(async () => expect(await members(id)).toEqual([one]))
    expect(feature.audit.events.at(-1)).toMatchObject({
      event: 'gateway-pool-member-excluded',
      outcome: 'denied',
      reason: 'cluster-mismatched',
      details: { gatewayName: 'two' },
    })
    const { members: toCheck } = (await feature.findPoolToCheck(id, organizationId)) ?? { members: [] }
    expect(toCheck).toMatchObject([
      { keptOut: undefined },
      { keptOut: expect.stringContaining('another cluster') },
    ])
    feature.report(two, { health: healthy, cluster: frameOf(0xa1) })
    await feature.eventually(async () => expect(await members(id)).toEqual([one, two]))
  })

  it('P24 follows a rotation, and loses no member to it', async () => {
    const id = await createPool()
    const [one, two] = [await gateway('one'), await gateway('two')]
    for (const gatewayId of [one, two]) {
      feature.report(gatewayId, { health: healthy, cluster: frameOf(0xa1) })
      await add(id, gatewayId)
    }
    const [before, after] = [frameOf(0xa1), frameOf(0xa2)]
    const both = { ...before, issuerKeySha256: [...before.issuerKeySha256, ...after.issuerKeySha256] }
    for (const cluster of [both, { ...after, rootCaSha256: before.rootCaSha256 }]) {
      feature.report(one, { health: healthy, cluster })
      await feature.eventually(async () => {
        expect(
          feature.audit.events.filter(({ event }) => event.startsWith('gateway-pool-member-ex')),
        ).toEqual([])
        expect((await read(id)).body).toMatchObject({ cluster: expect.stringContaining('a2a2') })
      })
      expect(await members(id)).toEqual([one, two])
    }
    expect((await read(id)).body).toMatchObject({ healthyMemberCount: 2 })
  })

  it('is forgotten with the last member: the pool may move', async () => {
    const id = await createPool()
    const [one, two] = [await gateway('one'), await gateway('two')]
    feature.report(one, { health: healthy, cluster: frameOf(0xa1) })
    feature.report(two, { health: healthy, cluster: frameOf(0xb2) })
    await add(id, one)
    await feature.call('DELETE', `${root}/${id}/memberships/${one}`, { as: admin })
    expect((await add(id, two)).status).toBe(200)
    expect((await read(id)).body).toMatchObject({ cluster: expect.stringContaining('b2b2') })
    expect(await members(id)).toEqual([two])
  })
})
