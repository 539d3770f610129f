import type { ClusterFrame } from '@postern/protocol'
import { expect, it } from 'vitest'
import { clusterOf } from './compare-clusters.ts'
import type { GatewayPool, PoolMember } from './gateway-pool-store.ts'
import { createPoolDirectory } from './pool-directory.ts'

function frameOf(byte: number): ClusterFrame {
  const hash = new Uint8Array(32).fill(byte)
  return { kind: 'cluster', rootCaSha256: [hash], tokenIssuer: 'https://one', issuerKeySha256: [hash] }
}

function poolOf(cluster: ClusterFrame | undefined, members: [string, boolean][]): GatewayPool {
  return {
    id: 'pool',
    organizationId: 'acme',
    name: 'berlin',
    createdAt: new Date(0),
    updatedAt: new Date(0),
    cluster: clusterOf(cluster) ?? null,
    members: members.map(([gatewayId, isOfCluster]): PoolMember => ({
      gatewayId,
      gatewayName: gatewayId,
      lastConnectedAt: null,
      revokedAt: null,
      cluster: null,
      isOfCluster,
    })),
    attachedIdentityCount: 0,
  }
}

/** A directory over one pool that the test may change, with a clock of its own. */
function directoryOf(pool: GatewayPool) {
  const state = { pool, nowMs: 0, reads: 0, isAway: false }
  const directory = createPoolDirectory({
    pools: {
      find: async (gatewayPoolId, organizationId) => {
        state.reads += 1
        if (state.isAway) throw new Error('the database is away')
        const isIt = gatewayPoolId === state.pool.id && organizationId === state.pool.organizationId
        return isIt ? state.pool : undefined
      },
    },
    elapsed: () => state.nowMs,
  })
  return { directory, state }
}

it('reads a pool once in a second, however many ask', async () => {
  const { directory, state } = directoryOf(poolOf(undefined, [['one', false]]))
  const asked = await Promise.all(Array.from({ length: 10 }, () => directory.find('pool', 'acme')))
  state.nowMs = 999
  expect(await directory.find('pool', 'acme')).toBe(asked[0])
  expect(state.reads).toBe(1)
  state.nowMs = 1000
  await directory.find('pool', 'acme')
  expect(state.reads).toBe(2)
})

it('forgets at once what changed', async () => {
  const { directory, state } = directoryOf(poolOf(undefined, [['one', false]]))
  await directory.find('pool', 'acme')
  state.pool = poolOf(undefined, [
    ['one', false],
    ['two', false],
  ])
  directory.forget('pool')
  expect((await directory.find('pool', 'acme'))?.memberIds).toEqual(['one', 'two'])
})

it('T48: does not know a pool of another organization, nor keeps one for it', async () => {
  const { directory } = directoryOf(poolOf(undefined, [['one', false]]))
  expect(await directory.find('pool', 'acme')).toBeDefined()
  expect(await directory.find('pool', 'another')).toBeUndefined()
  expect(await directory.find('pool', 'acme')).toBeDefined()
})

it('tells a failure to those who wait for it, and asks again', async () => {
  const { directory, state } = directoryOf(poolOf(undefined, [['one', false]]))
  state.isAway = true
  await expect(directory.find('pool', 'acme')).rejects.toThrow('away')
  state.isAway = false
  expect(await directory.find('pool', 'acme')).toBeDefined()
})

it('T6: while no member has said where it stands, all are candidates, and whoever says nothing is not admitted', async () => {
  const { directory } = directoryOf(
    poolOf(undefined, [
      ['one', false],
      ['two', false],
    ]),
  )
  const found = await directory.find('pool', 'acme')
  expect(found?.memberIds).toEqual(['one', 'two'])
  const telling = frameOf(1)
  const mute = { ...telling, rootCaSha256: [], issuerKeySha256: [] }
  expect([undefined, mute, telling, undefined, mute].map((said) => found?.admits(said))).toEqual([
    false,
    false,
    true,
    false,
    false,
  ])
})

it('T6: once the cluster is known, a member that was not found in it is no candidate', async () => {
  const { directory } = directoryOf(
    poolOf(frameOf(1), [
      ['one', true],
      ['two', false],
    ]),
  )
  expect((await directory.find('pool', 'acme'))?.memberIds).toEqual(['one'])
})

it('T6: a candidate’s tunnel that reports another cluster is not admitted, one that has said nothing yet is', async () => {
  const { directory } = directoryOf(poolOf(frameOf(1), [['one', true]]))
  const found = await directory.find('pool', 'acme')
  const elsewhere = frameOf(2)
  expect(found?.admits(undefined)).toBe(true)
  expect(found?.admits(frameOf(1))).toBe(true)
  expect(found?.admits(elsewhere)).toBe(false)
  expect(found?.admits(elsewhere)).toBe(false)
})

it('T6: admits members of one cluster only while the pool has none on record', async () => {
  const { directory } = directoryOf(
    poolOf(undefined, [
      ['one', false],
      ['two', false],
    ]),
  )
  const members = await directory.find('pool', 'acme')
  expect([1, 2, 1, 2].map((byte) => members?.admits(frameOf(byte)))).toEqual([true, false, true, false])
})

it('T6: admits a newcomer of a pool that has no cluster on record by its keys, where clusters share a CA', async () => {
  const { directory } = directoryOf(poolOf(undefined, [['one', false]]))
  const members = await directory.find('pool', 'acme')
  const sharedCa = { ...frameOf(2), rootCaSha256: frameOf(1).rootCaSha256 }
  expect([frameOf(1), sharedCa].map((said) => members?.admits(said))).toEqual([true, false])
})

it('forgets all pools of an organization at once, and no other’s', async () => {
  const { directory, state } = directoryOf(poolOf(undefined, [['one', false]]))
  await directory.find('pool', 'acme')
  directory.forgetOrganization('another')
  await directory.find('pool', 'acme')
  expect(state.reads).toBe(1)
  state.pool = poolOf(undefined, [])
  directory.forgetOrganization('acme')
  expect((await directory.find('pool', 'acme'))?.memberIds).toEqual([])
})
