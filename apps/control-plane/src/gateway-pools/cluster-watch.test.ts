import type { ClusterFrame } from '@postern/protocol'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { startClusterWatch } from './cluster-watch.ts'
import type { Cluster } from './compare-clusters.ts'

const cluster: ClusterFrame = {
  kind: 'cluster',
  rootCaSha256: [new Uint8Array(32)],
  tokenIssuer: 'https://kubernetes',
  issuerKeySha256: [],
}

it('records the reports of other gateways although one cannot be written', async () => {
  const recorded: string[] = []
  const warned: unknown[] = []
  const bothSeen = Promise.withResolvers<void>()
  const watch = startClusterWatch({
    members: {
      findReports: (ids) =>
        Promise.resolve(ids.map((gatewayId) => ({ gatewayId, gatewayPoolId: 'pool', cluster: null }))),
    },
    commit: (change) =>
      change({
        poolMembers: {
          recordReport: (gatewayId) => {
            if (gatewayId === 'broken') return Promise.reject(new Error('it cannot be written'))
            recorded.push(gatewayId)
            bothSeen.resolve()
            return Promise.resolve([])
          },
        },
        audit: { record: () => Promise.resolve() },
      }),
    tunnels: {
      connectedCredentials: () =>
        ['broken', 'sound'].map((gatewayId) => ({ gatewayId, keyId: `key of ${gatewayId}` })),
      clusterOf: () => cluster,
    },
    onChanged: () => undefined,
    logger: { warn: ({ gatewayId }) => void warned.push(gatewayId) },
    now: () => new Date(),
    sleep: (_ms, signal) => sleep(1, undefined, { signal }),
  })
  await Promise.race([bothSeen.promise, sleep(1000)])
  await watch.close()
  expect(recorded).toContain('sound')
  expect(warned).toContain('broken')
})

it('T6: puts a gateway that says another cluster all the time on record six times a minute', async () => {
  let rounds = 0
  let nowMs = 1_000_000
  let onRecord: Cluster | null = null
  const recordedInRound: number[] = []
  const over = Promise.withResolvers<void>()
  const watch = startClusterWatch({
    members: {
      findReports: (ids) =>
        Promise.resolve(ids.map((gatewayId) => ({ gatewayId, gatewayPoolId: 'pool', cluster: onRecord }))),
    },
    commit: (change) =>
      change({
        poolMembers: {
          recordReport: (_gatewayId, reported) => {
            onRecord = reported
            recordedInRound.push(rounds)
            return Promise.resolve([])
          },
        },
        audit: { record: () => Promise.resolve() },
      }),
    tunnels: {
      connectedCredentials: () => [{ gatewayId: 'restless', keyId: 'key' }],
      clusterOf: () => ({ ...cluster, tokenIssuer: `https://cluster-${rounds}` }),
    },
    onChanged: () => undefined,
    logger: { warn: () => undefined },
    now: () => new Date(nowMs),
    sleep: async () => {
      rounds += 1
      nowMs += 1000
      if (rounds > 130) over.resolve()
      await sleep(0)
    },
  })
  await over.promise
  await watch.close()
  expect(recordedInRound.slice(0, 13)).toEqual([1, 2, 3, 4, 5, 6, 61, 62, 63, 64, 65, 66, 121])
})
