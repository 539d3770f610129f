import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplicaSpread } from './replica-spread.ts'

const spread = (): ReplicaSpread => new ReplicaSpread(() => 0.5)

test('tunnels on different replicas stay', () => {
  const replicas = spread()
  expect(replicas.welcomed(0, 'a')).toBeUndefined()
  expect(replicas.welcomed(1, 'b')).toBeUndefined()
  expect(replicas.isShared(0)).toBe(false)
})

test('the later of two on one replica tries three times in all, then ever more rarely', () => {
  const replicas = spread()
  replicas.welcomed(0, 'a')
  const waits = Array.from({ length: 9 }, () => replicas.welcomed(1, 'a'))
  expect(waits).toEqual([750, 750, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000, 600_000])
})

test('the same replica once more after a loss is no reason to hurry', () => {
  const replicas = spread()
  replicas.welcomed(0, 'a')
  for (let count = 0; count < 3; count++) replicas.welcomed(1, 'a')
  replicas.lost(0)
  replicas.lost(1)
  expect(replicas.welcomed(0, 'a')).toBeUndefined()
  expect(replicas.welcomed(1, 'a')).toBeGreaterThan(30_000)
})

test('another replica is', () => {
  const replicas = spread()
  replicas.welcomed(0, 'a')
  for (let count = 0; count < 5; count++) replicas.welcomed(1, 'a')
  replicas.welcomed(0, 'b')
  expect(replicas.isShared(1)).toBe(false)
  expect(replicas.welcomed(1, 'b')).toBe(750)
})

test('remembers no more replicas than it needs', () => {
  const replicas = spread()
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1), fc.string())), (welcomes) => {
      for (const [slot, replicaId] of welcomes) {
        const wait = replicas.welcomed(slot, replicaId)
        expect(wait === undefined).toBe(!replicas.isShared(slot))
        expect(wait ?? 750).toBeGreaterThanOrEqual(750)
      }
    }),
  )
})
