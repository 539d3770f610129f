import { describe, expect, it } from 'vitest'
import type { GatewayCredentialStore } from './gateway-credential-store.ts'
import type { GatewayKeyStore, KeyBinding, RotateOutcome } from './gateway-key-store.ts'
import type { GatewayStore } from './gateway-store.ts'
import { createTestKey, type TestKey } from './test/gateway-tokens.ts'

export interface KeyStoreFixture {
  keys: GatewayKeyStore
  credentials: GatewayCredentialStore
  gateways: GatewayStore
  /** A gateway with one key, made at the given time. */
  createEnrolled(at: Date): Promise<{ gatewayId: string; organizationId: string; key: TestKey }>
  /** A gateway that enrols with its pod's token, and `updatedAt` of how it does. */
  createForPods(): Promise<{ gatewayId: string; organizationId: string; admittedBy: Date }>
}

type Enrolled = Awaited<ReturnType<KeyStoreFixture['createEnrolled']>>

const at = new Date('2026-11-22T12:00:00Z')

function later(ms: number): Date {
  return new Date(at.getTime() + ms)
}

/** What every store of keys must do, joined with the stores of gateways and credentials on the same records. */
export function describeGatewayKeyStore(fixture: () => KeyStoreFixture): void {
  function rotate(
    gateway: Pick<Enrolled, 'gatewayId' | 'organizationId'>,
    old: TestKey,
    fresh: TestKey,
    when = later(60_000),
  ): Promise<RotateOutcome> {
    return fixture().keys.rotate({
      gatewayId: gateway.gatewayId,
      organizationId: gateway.organizationId,
      keyId: old.keyId,
      newKeyId: fresh.keyId,
      newPublicKey: fresh.raw,
      at: when,
      oldRetiresAt: new Date(when.getTime() + 600_000),
      ageMsMin: 10_000,
    })
  }

  describe('a rotation', () => {
    it('registers the new key, and lets the old one live until its time is over', async () => {
      const gateway = await fixture().createEnrolled(at)
      const fresh = createTestKey()
      expect(await rotate(gateway, gateway.key, fresh)).toMatchObject({ kind: 'rotated', isRepeated: false })
      const { credentials } = fixture()
      expect(await credentials.findKey(fresh.keyId)).toMatchObject({
        gatewayId: gateway.gatewayId,
        publicKey: fresh.raw,
        retiredAt: null,
      })
      expect((await credentials.findKey(gateway.key.keyId))?.retiredAt).toEqual(later(660_000))
      const connected = [{ gatewayId: gateway.gatewayId, keyId: gateway.key.keyId }]
      expect(await credentials.findRevokedAmong(connected, later(659_999))).toEqual([])
      expect(await credentials.findRevokedAmong(connected, later(660_000))).toMatchObject([
        { isReplaced: true },
      ])
    })

    it('has the same outcome again, when 50 repetitions race, and after the old key has retired', async () => {
      const gateway = await fixture().createEnrolled(at)
      const fresh = createTestKey()
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, () => rotate(gateway, gateway.key, fresh)),
      )
      expect(outcomes.every(({ kind }) => kind === 'rotated')).toBe(true)
      expect(outcomes.filter((outcome) => outcome.kind === 'rotated' && !outcome.isRepeated)).toHaveLength(1)
      const afterwards = await rotate(gateway, gateway.key, fresh, later(3_600_000))
      expect(afterwards).toMatchObject({ kind: 'rotated', isRepeated: true })
    })

    it('is won by one of 50 new keys that race', async () => {
      const gateway = await fixture().createEnrolled(at)
      const fresh = Array.from({ length: 50 }, () => createTestKey())
      const outcomes = await Promise.all(fresh.map((key) => rotate(gateway, gateway.key, key)))
      expect(outcomes.filter(({ kind }) => kind === 'rotated')).toHaveLength(1)
      const reasons = outcomes.flatMap((outcome) => (outcome.kind === 'refused' ? [outcome.reason] : []))
      expect(reasons).toEqual(Array.from({ length: 49 }, () => 'gateway-key-retired'))
      const known = await Promise.all(fresh.map(({ keyId }) => fixture().credentials.findKey(keyId)))
      expect(known.filter((key) => key !== undefined)).toHaveLength(1)
    })

    it('follows another, and is no repetition of an earlier one', async () => {
      const gateway = await fixture().createEnrolled(at)
      const [second, third] = [createTestKey(), createTestKey()]
      await rotate(gateway, gateway.key, second)
      expect(await rotate(gateway, second, third, later(120_000))).toMatchObject({ isRepeated: false })
      await rotate(gateway, third, createTestKey(), later(180_000))
      expect(await rotate(gateway, gateway.key, third, later(180_000))).toMatchObject({
        reason: 'gateway-key-retired',
      })
    })

    it('refuses a key that is registered, for another gateway or this one, even when two gateways race', async () => {
      const [one, other] = [await fixture().createEnrolled(at), await fixture().createEnrolled(at)]
      expect(await rotate(one, one.key, other.key)).toMatchObject({ reason: 'public-key-known' })
      expect(await rotate(one, one.key, one.key)).toMatchObject({ reason: 'public-key-known' })
      const wanted = createTestKey()
      const outcomes = await Promise.all([rotate(one, one.key, wanted), rotate(other, other.key, wanted)])
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['refused', 'rotated'])
      const loser = outcomes[0].kind === 'refused' ? one : other
      expect((await fixture().credentials.findKey(loser.key.keyId))?.retiredAt).toBeNull()
    })

    it('refuses the keys of others, a revoked gateway and a retired key', async () => {
      const [one, other] = [await fixture().createEnrolled(at), await fixture().createEnrolled(at)]
      const fresh = createTestKey()
      expect(await rotate(one, other.key, fresh)).toMatchObject({ reason: 'gateway-key-unknown' })
      const foreign = { ...one, organizationId: other.organizationId }
      expect(await rotate(foreign, one.key, fresh)).toMatchObject({ reason: 'gateway-key-unknown' })
      expect(await rotate(one, createTestKey(), fresh)).toMatchObject({ reason: 'gateway-key-unknown' })
      await fixture().gateways.revoke(one.gatewayId, one.organizationId, at)
      expect(await rotate(one, one.key, fresh)).toMatchObject({ reason: 'gateway-revoked' })
      expect(await fixture().credentials.findKey(fresh.keyId)).toBeUndefined()
    })

    it('comes too early for a key that is only seconds old', async () => {
      const gateway = await fixture().createEnrolled(at)
      const fresh = createTestKey()
      expect(await rotate(gateway, gateway.key, fresh, later(9_999))).toMatchObject({
        reason: 'rotation-too-early',
      })
      expect(await rotate(gateway, gateway.key, fresh, later(10_000))).toMatchObject({ kind: 'rotated' })
    })

    it('T49 dies with a revocation, the old key and the new, even when the two race', async () => {
      const gateway = await fixture().createEnrolled(at)
      const fresh = createTestKey()
      await rotate(gateway, gateway.key, fresh)
      const next = createTestKey()
      await Promise.all([
        rotate(gateway, fresh, next, later(120_000)),
        fixture().gateways.revoke(gateway.gatewayId, gateway.organizationId, later(120_000)),
      ])
      const connected = [gateway.key, fresh, next].map(({ keyId }) => ({
        gatewayId: gateway.gatewayId,
        keyId,
      }))
      const revoked = await fixture().credentials.findRevokedAmong(connected, later(120_000))
      expect(revoked.map(({ keyId }) => keyId)).toEqual(connected.map(({ keyId }) => keyId))
      for (const { keyId } of connected) {
        const retiredAt = (await fixture().credentials.findKey(keyId))?.retiredAt
        expect(retiredAt?.getTime() ?? 0).toBeLessThanOrEqual(later(120_000).getTime())
      }
    })

    it('forgets keys that retired a month ago', async () => {
      const gateway = await fixture().createEnrolled(at)
      const second = createTestKey()
      await rotate(gateway, gateway.key, second)
      await rotate(gateway, second, createTestKey(), later(31 * 86_400_000))
      expect(await fixture().credentials.findKey(gateway.key.keyId)).toBeUndefined()
      expect(await fixture().credentials.findKey(second.keyId)).toBeDefined()
    })
  })

  describe('the binding of a pod’s key', () => {
    function binding(gateway: { gatewayId: string; admittedBy: Date }, key: TestKey, when = at): KeyBinding {
      const { gatewayId, admittedBy } = gateway
      return { gatewayId, keyId: key.keyId, publicKey: key.raw, at: when, liveKeysMax: 16, admittedBy }
    }

    it('keeps the keys of other processes, and the newest 16 of many', async () => {
      const gateway = await fixture().createForPods()
      const keys = Array.from({ length: 18 }, () => createTestKey())
      const retired: string[] = []
      for (const [index, key] of keys.entries()) {
        const outcome = await fixture().keys.bind(binding(gateway, key, later(index)))
        expect(outcome).toMatchObject({ kind: 'bound', isRepeated: false })
        if (outcome.kind === 'bound') retired.push(...outcome.retiredKeyIds)
      }
      expect(retired).toEqual(keys.slice(0, 2).map(({ keyId }) => keyId))
      const connected = keys.map(({ keyId }) => ({ gatewayId: gateway.gatewayId, keyId }))
      const dead = await fixture().credentials.findRevokedAmong(connected, later(100))
      expect(dead.map(({ keyId }) => keyId)).toEqual(retired)
    })

    it('never leaves more than 16 alive, when 40 processes start at once', async () => {
      const gateway = await fixture().createForPods()
      const keys = Array.from({ length: 40 }, () => createTestKey())
      await Promise.all(keys.map((key) => fixture().keys.bind(binding(gateway, key))))
      const connected = keys.map(({ keyId }) => ({ gatewayId: gateway.gatewayId, keyId }))
      expect(await fixture().credentials.findRevokedAmong(connected, at)).toHaveLength(24)
    })

    it('has the same outcome again for the same key, and refuses a retired or foreign one', async () => {
      const gateway = await fixture().createForPods()
      const other = await fixture().createEnrolled(at)
      const key = createTestKey()
      await fixture().keys.bind(binding(gateway, key))
      expect(await fixture().keys.bind(binding(gateway, key))).toMatchObject({ isRepeated: true })
      expect(await fixture().keys.bind(binding(gateway, other.key))).toMatchObject({
        reason: 'public-key-known',
      })
    })

    it('refuses a revoked gateway, one that is deleted, and one whose rules have changed', async () => {
      const gateway = await fixture().createForPods()
      const stale = { ...gateway, admittedBy: new Date(gateway.admittedBy.getTime() - 1) }
      const byOldRules = await fixture().keys.bind(binding(stale, createTestKey()))
      expect(byOldRules).toMatchObject({ reason: 'configuration-changed' })
      await fixture().gateways.revoke(gateway.gatewayId, gateway.organizationId, at)
      expect(await fixture().keys.bind(binding(gateway, createTestKey()))).toMatchObject({
        reason: 'gateway-revoked',
      })
      await fixture().gateways.delete(gateway.gatewayId, gateway.organizationId)
      expect(await fixture().keys.bind(binding(gateway, createTestKey()))).toMatchObject({
        reason: 'configuration-changed',
      })
    })

    it('binds nothing to a gateway that enrols with tokens', async () => {
      const gateway = await fixture().createEnrolled(at)
      const outcome = await fixture().keys.bind(binding({ ...gateway, admittedBy: at }, createTestKey()))
      expect(outcome).toMatchObject({ reason: 'configuration-changed' })
    })
  })
}
