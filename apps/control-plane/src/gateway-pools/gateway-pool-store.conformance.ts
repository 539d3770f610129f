import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Cluster } from './compare-clusters.ts'
import type { GatewayPool, GatewayPoolStore, PoolMemberStore } from './gateway-pool-store.ts'

export interface GatewayPoolStoreFixture {
  /** Of pools and of members. */
  store: GatewayPoolStore & PoolMemberStore
  createOrganization: () => Promise<string>
  createGateway: (organizationId: string, name: string) => Promise<string>
  deleteGateway: (gatewayId: string) => Promise<void>
  /** An identity with a Kubernetes Auth that names the pool; throws when the pool is not there. */
  attachIdentity: (organizationId: string, gatewayPoolId: string, name: string) => Promise<string>
}

const clusterOne: Cluster = { rootCas: ['a1'], tokenIssuer: 'https://one', issuerKeys: ['11'] }
const rotatedOne: Cluster = { rootCas: ['a1', 'a2'], tokenIssuer: 'https://one', issuerKeys: ['11', '12'] }
const clusterTwo: Cluster = { rootCas: ['b1'], tokenIssuer: 'https://one', issuerKeys: ['21'] }

/** What every store of gateway pools must do. */
export function describeGatewayPoolStore(fixture: () => GatewayPoolStoreFixture): void {
  async function created(organizationId: string, name: string): Promise<GatewayPool> {
    const outcome = await fixture().store.create({ organizationId, name })
    if (outcome.kind !== 'saved') throw new Error(`not created: ${outcome.kind}`)
    return outcome.pool
  }

  /** A pool with a gateway for each of the clusters, and what came of adding it. */
  async function poolOf(...clusters: (Cluster | undefined)[]) {
    const { store, createOrganization, createGateway } = fixture()
    const organizationId = await createOrganization()
    const pool = await created(organizationId, 'berlin')
    const ids = { gatewayPoolId: pool.id, organizationId }
    const gatewayIds: string[] = []
    const outcomes: string[] = []
    for (const [index, cluster] of clusters.entries()) {
      const gatewayId = await createGateway(organizationId, `gateway-${index}`)
      outcomes.push((await store.addMember({ ...ids, gatewayId, cluster })).kind)
      gatewayIds.push(gatewayId)
    }
    const find = async (): Promise<GatewayPool> => {
      const found = await store.find(pool.id, organizationId)
      if (found === undefined) throw new Error('the pool is gone')
      return found
    }
    return { ...ids, gatewayIds, outcomes, find }
  }

  describe('a store of gateway pools', () => {
    it('creates an empty pool that knows no cluster, and finds it', async () => {
      const organizationId = await fixture().createOrganization()
      const pool = await created(organizationId, 'berlin')
      expect(pool).toEqual({
        id: expect.any(String),
        organizationId,
        name: 'berlin',
        createdAt: expect.any(Date),
        updatedAt: expect.any(Date),
        cluster: null,
        members: [],
        attachedIdentityCount: 0,
      })
      expect(await fixture().store.find(pool.id, organizationId)).toEqual(pool)
    })

    it('takes a name once in an organization, even when raced, and again in another', async () => {
      const organizationId = await fixture().createOrganization()
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, () => fixture().store.create({ organizationId, name: 'raced' })),
      )
      expect(outcomes.filter(({ kind }) => kind === 'saved')).toHaveLength(1)
      const other = await fixture().createOrganization()
      expect((await created(other, 'raced')).organizationId).toBe(other)
    })

    it('lists the pools of one organization in the order of their creation, each with its members', async () => {
      const { store, createOrganization, createGateway } = fixture()
      const organizationId = await createOrganization()
      await created(await createOrganization(), 'foreign')
      const gatewayId = await createGateway(organizationId, 'gateway')
      for (const name of ['c', 'a', 'b']) {
        const { id } = await created(organizationId, name)
        if (name !== 'a')
          await store.addMember({ gatewayPoolId: id, organizationId, gatewayId, cluster: undefined })
      }
      const list = await store.list(organizationId)
      expect(list.map(({ name, members }) => [name, members.map((member) => member.gatewayId)])).toEqual([
        ['c', [gatewayId]],
        ['a', []],
        ['b', [gatewayId]],
      ])
    })

    it('renames, but not to a name that is taken', async () => {
      const organizationId = await fixture().createOrganization()
      const pool = await created(organizationId, 'old')
      await created(organizationId, 'taken')
      const { store } = fixture()
      expect(await store.rename(pool.id, organizationId, 'new')).toMatchObject({
        kind: 'saved',
        pool: { id: pool.id, name: 'new' },
      })
      expect(await store.rename(pool.id, organizationId, 'taken')).toEqual({ kind: 'name-taken' })
    })

    it('deletes a pool with its memberships, and leaves the gateways', async () => {
      const { gatewayPoolId, organizationId, gatewayIds, find } = await poolOf(undefined)
      const pool = await find()
      const { store } = fixture()
      expect(await store.delete(gatewayPoolId, organizationId)).toEqual({ kind: 'deleted', pool })
      expect(await store.find(gatewayPoolId, organizationId)).toBeUndefined()
      expect(await store.findReports(gatewayIds)).toEqual([])
      expect(await store.delete(gatewayPoolId, organizationId)).toEqual({ kind: 'pool-not-found' })
    })

    it('does not delete what a Kubernetes Auth names, and says which do', async () => {
      const { gatewayPoolId, organizationId, find } = await poolOf()
      const { store, attachIdentity } = fixture()
      const web = await attachIdentity(organizationId, gatewayPoolId, 'web')
      const api = await attachIdentity(organizationId, gatewayPoolId, 'api')
      const attached = [
        { id: expect.any(String), identityId: api, identityName: 'api' },
        { id: expect.any(String), identityId: web, identityName: 'web' },
      ]
      expect(await store.listAttached(gatewayPoolId)).toEqual(attached)
      expect(await store.delete(gatewayPoolId, organizationId)).toMatchObject({ kind: 'in-use', attached })
      expect((await find()).attachedIdentityCount).toBe(2)
    })

    it('never leaves a Kubernetes Auth without its pool, however deletion and attaching race', async () => {
      const { store, attachIdentity, createOrganization } = fixture()
      for (let round = 0; round < 10; round += 1) {
        const organizationId = await createOrganization()
        const { id } = await created(organizationId, 'raced')
        const [deleted, attached] = await Promise.allSettled([
          store.delete(id, organizationId),
          attachIdentity(organizationId, id, 'api'),
        ])
        const isDeleted = deleted.status === 'fulfilled' && deleted.value.kind === 'deleted'
        expect(isDeleted).toBe(attached.status === 'rejected')
      }
    })
  })

  describe('members in a store of gateway pools', () => {
    it('adds each gateway once, even when raced, and keeps them in order', async () => {
      const { gatewayPoolId, organizationId, gatewayIds, find } = await poolOf(undefined, undefined)
      const { store, createGateway } = fixture()
      const gatewayId = await createGateway(organizationId, 'raced')
      const member = { gatewayPoolId, organizationId, gatewayId, cluster: undefined }
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => store.addMember(member)))
      expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual([
        'added',
        ...Array.from({ length: 4 }, () => 'already-a-member'),
      ])
      expect((await find()).members.map((known) => known.gatewayId)).toEqual([...gatewayIds, gatewayId])
    })

    it('removes a member once', async () => {
      const { gatewayPoolId, organizationId, gatewayIds } = await poolOf(undefined)
      const [gatewayId = ''] = gatewayIds
      const { store } = fixture()
      expect(await store.removeMember(gatewayPoolId, organizationId, gatewayId)).toMatchObject({
        gatewayPoolId,
        gatewayId,
      })
      expect(await store.removeMember(gatewayPoolId, organizationId, gatewayId)).toBe('not-a-member')
      expect(await store.removeMember(randomUUID(), organizationId, gatewayId)).toBe('pool-not-found')
    })

    it('loses a member that is deleted', async () => {
      const { gatewayIds, find } = await poolOf(undefined, undefined)
      const [first = '', second = ''] = gatewayIds
      await fixture().deleteGateway(first)
      expect((await find()).members.map(({ gatewayId }) => gatewayId)).toEqual([second])
    })

    it('T18, T48: treats pools and gateways of another organization as unknown', async () => {
      const { gatewayPoolId, organizationId, gatewayIds, find } = await poolOf(undefined)
      const [gatewayId = ''] = gatewayIds
      const { store, createOrganization, createGateway } = fixture()
      const other = await createOrganization()
      const theirs = await createGateway(other, 'theirs')
      const before = await find()
      expect(await store.find(gatewayPoolId, other)).toBeUndefined()
      expect(await store.list(other)).toEqual([])
      expect(await store.rename(gatewayPoolId, other, 'stolen')).toEqual({ kind: 'pool-not-found' })
      expect(await store.delete(gatewayPoolId, other)).toEqual({ kind: 'pool-not-found' })
      const add = { gatewayPoolId, organizationId, gatewayId: theirs, cluster: undefined }
      expect(await store.addMember(add)).toEqual({ kind: 'gateway-not-found' })
      expect(await store.addMember({ ...add, organizationId: other })).toEqual({ kind: 'pool-not-found' })
      expect(await store.removeMember(gatewayPoolId, other, gatewayId)).toBe('pool-not-found')
      expect(await find()).toEqual(before)
    })
  })

  describe('the cluster of a pool in a store', () => {
    it('is that of the first member that reports one', async () => {
      const { outcomes, find } = await poolOf(undefined, clusterOne)
      expect(outcomes).toEqual(['added', 'added'])
      const { cluster, members } = await find()
      expect(cluster).toEqual(clusterOne)
      expect(members.map(({ isOfCluster }) => isOfCluster)).toEqual([false, true])
    })

    it('T6: keeps a gateway of another cluster out, and names the pool’s', async () => {
      const { gatewayPoolId, organizationId, find } = await poolOf(clusterOne)
      const { store, createGateway } = fixture()
      const gatewayId = await createGateway(organizationId, 'elsewhere')
      const outcome = await store.addMember({ gatewayPoolId, organizationId, gatewayId, cluster: clusterTwo })
      expect(outcome).toMatchObject({
        kind: 'other-cluster',
        poolCluster: clusterOne,
        gatewayName: 'elsewhere',
      })
      expect((await find()).members).toHaveLength(1)
    })

    it('T6: of two first members that race, of two clusters, lets one in', async () => {
      const { gatewayPoolId, organizationId, find } = await poolOf()
      const { store, createGateway } = fixture()
      const adding = [clusterOne, clusterTwo].map(async (cluster, index) => {
        const gatewayId = await createGateway(organizationId, `raced-${index}`)
        return store.addMember({ gatewayPoolId, organizationId, gatewayId, cluster })
      })
      const kinds = (await Promise.all(adding)).map(({ kind }) => kind)
      expect(kinds.toSorted()).toEqual(['added', 'other-cluster'])
      expect((await find()).members).toHaveLength(1)
    })

    it('is learned from a report, and a report follows its rotation', async () => {
      const { gatewayIds, find } = await poolOf(undefined, undefined)
      const [first = '', second = ''] = gatewayIds
      const { store } = fixture()
      expect(await store.recordReport(first, clusterOne)).toMatchObject([
        { verdict: 'learned', poolCluster: null },
      ])
      expect(await store.recordReport(first, clusterOne)).toMatchObject([
        { verdict: 'same', wasOfCluster: true },
      ])
      expect(await store.recordReport(second, rotatedOne)).toMatchObject([{ verdict: 'rotated' }])
      const { cluster, members } = await find()
      expect(cluster).toEqual(rotatedOne)
      expect(members.map((member) => [member.isOfCluster, member.cluster])).toEqual([
        [true, clusterOne],
        [true, rotatedOne],
      ])
    })

    it('T6: is not that of a member that turns up in another cluster', async () => {
      const { gatewayIds, find } = await poolOf(clusterOne, clusterOne)
      const [, second = ''] = gatewayIds
      expect(await fixture().store.recordReport(second, clusterTwo)).toMatchObject([
        { verdict: 'other', poolCluster: clusterOne, wasOfCluster: true },
      ])
      const { cluster, members } = await find()
      expect(cluster).toEqual(clusterOne)
      expect(members.map(({ isOfCluster }) => isOfCluster)).toEqual([true, false])
    })

    it('T6: is not that of a newcomer with the same CA and other keys, but follows a known member’s new keys', async () => {
      const otherKeys = { ...clusterOne, issuerKeys: ['99'] }
      const { gatewayIds, find } = await poolOf(clusterOne, undefined)
      const [first = '', second = ''] = gatewayIds
      const { store } = fixture()
      expect(await store.recordReport(second, otherKeys)).toMatchObject([{ verdict: 'other' }])
      expect((await find()).members.map(({ isOfCluster }) => isOfCluster)).toEqual([true, false])
      expect(await store.recordReport(first, otherKeys)).toMatchObject([{ verdict: 'rotated' }])
      expect((await find()).cluster).toEqual(otherKeys)
    })

    it('is forgotten once the pool is empty, so that it can move to another cluster', async () => {
      const { gatewayPoolId, organizationId, gatewayIds, find } = await poolOf(clusterOne)
      const [gatewayId = ''] = gatewayIds
      const { store } = fixture()
      await store.removeMember(gatewayPoolId, organizationId, gatewayId)
      expect((await find()).cluster).toBeNull()
      const again = { gatewayPoolId, organizationId, gatewayId, cluster: clusterTwo }
      expect(await store.addMember(again)).toMatchObject({ kind: 'added' })
      expect((await find()).cluster).toEqual(clusterTwo)
    })

    it('finds what is on record of the gateways asked for alone', async () => {
      const { gatewayPoolId, gatewayIds } = await poolOf(clusterOne, clusterOne)
      const [first = ''] = gatewayIds
      expect(await fixture().store.findReports([first, randomUUID()])).toEqual([
        { gatewayPoolId, gatewayId: first, cluster: clusterOne },
      ])
    })
  })
}
