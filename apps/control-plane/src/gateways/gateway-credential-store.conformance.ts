import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { EnrolOutcome, GatewayCredentialStore } from './gateway-credential-store.ts'
import type { GatewayStore } from './gateway-store.ts'
import { createTestKey, type TestKey } from './test/gateway-tokens.ts'

export interface CredentialStoreFixture {
  credentials: GatewayCredentialStore
  gateways: GatewayStore
  createOrganization(): Promise<string>
  usedTokenIdCount(): Promise<number>
}

const at = new Date('2026-11-22T12:00:00Z')

function later(ms: number): Date {
  return new Date(at.getTime() + ms)
}

/** What every credential store must do, joined with a gateway store on the same records. */
export function describeGatewayCredentialStore(fixture: () => CredentialStoreFixture): void {
  async function createGateway(): Promise<{
    gatewayId: string
    organizationId: string
    gatewayName: string
  }> {
    const organizationId = await fixture().createOrganization()
    const outcome = await fixture().gateways.create({ organizationId, name: 'berlin' })
    if (outcome.kind !== 'saved') throw new Error(outcome.kind)
    return { gatewayId: outcome.gateway.id, organizationId, gatewayName: 'berlin' }
  }

  async function createToken(
    gateway: { gatewayId: string; organizationId: string },
    createdAt = at,
  ): Promise<Buffer> {
    const tokenHash = randomBytes(32)
    const expiresAt = new Date(createdAt.getTime() + 3_600_000)
    const { gatewayId, organizationId } = gateway
    const outcome = await fixture().credentials.createEnrolmentToken({
      gatewayId,
      organizationId,
      tokenHash,
      createdAt,
      expiresAt,
    })
    expect(outcome).toBe('created')
    return tokenHash
  }

  function enrol(tokenHash: Buffer, key: TestKey, when = at): Promise<EnrolOutcome> {
    return fixture().credentials.enrol({ tokenHash, keyId: key.keyId, publicKey: key.raw, at: when })
  }

  async function enrolled(): Promise<{
    gatewayId: string
    organizationId: string
    gatewayName: string
    key: TestKey
  }> {
    const gateway = await createGateway()
    const key = createTestKey()
    expect((await enrol(await createToken(gateway), key)).kind).toBe('enrolled')
    return { ...gateway, key }
  }

  describe('enrolment tokens', () => {
    it('bind one key to the gateway they were made for', async () => {
      const gateway = await createGateway()
      const key = createTestKey()
      expect(await enrol(await createToken(gateway), key)).toEqual({
        kind: 'enrolled',
        gateway,
        isRepeated: false,
        retiredKeyIds: [],
      })
      expect(await fixture().credentials.findKey(key.keyId)).toEqual({
        ...gateway,
        keyId: key.keyId,
        publicKey: key.raw,
        retiredAt: null,
        gatewayRevokedAt: null,
        authMethod: 'token',
      })
    })

    it('are spent once, when 50 keys race for one token', async () => {
      const gateway = await createGateway()
      const tokenHash = await createToken(gateway)
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => enrol(tokenHash, createTestKey())))
      expect(outcomes.filter((outcome) => outcome.kind === 'enrolled')).toHaveLength(1)
      const refusals = outcomes.flatMap((outcome) => (outcome.kind === 'refused' ? [outcome.reason] : []))
      expect(refusals).toEqual(Array.from({ length: 49 }, () => 'token-used'))
    })

    it('answer the winner again with the same, when 50 repetitions of one enrolment race', async () => {
      const tokenHash = await createToken(await createGateway())
      const key = createTestKey()
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => enrol(tokenHash, key)))
      expect(outcomes.filter((outcome) => outcome.kind === 'enrolled' && !outcome.isRepeated)).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome.kind === 'enrolled' && outcome.isRepeated)).toHaveLength(49)
    })

    it('answer no repetition after their hour, nor once the key was retired', async () => {
      const gateway = await createGateway()
      const tokenHash = await createToken(gateway)
      const key = createTestKey()
      await enrol(tokenHash, key)
      expect(await enrol(tokenHash, key, later(3_600_000))).toMatchObject({ reason: 'token-used' })
      await enrol(await createToken(gateway), createTestKey())
      expect(await enrol(tokenHash, key)).toMatchObject({ kind: 'refused', reason: 'token-used' })
    })

    it('are refused unknown, expired, superseded, each with its reason', async () => {
      const gateway = await createGateway()
      const old = await createToken(gateway)
      const fresh = await createToken(gateway)
      expect(await enrol(randomBytes(32), createTestKey())).toEqual({
        kind: 'refused',
        reason: 'token-unknown',
      })
      expect(await enrol(old, createTestKey())).toEqual({
        kind: 'refused',
        reason: 'token-superseded',
        gateway,
      })
      expect(await enrol(fresh, createTestKey(), later(3_600_000))).toEqual({
        kind: 'refused',
        reason: 'token-expired',
        gateway,
      })
      expect(await enrol(fresh, createTestKey(), later(3_599_999))).toMatchObject({ kind: 'enrolled' })
    })

    it('leave one that works, when ten are made at once', async () => {
      const gateway = await createGateway()
      const hashes = await Promise.all(Array.from({ length: 10 }, () => createToken(gateway)))
      const outcomes: EnrolOutcome[] = []
      for (const hash of hashes) outcomes.push(await enrol(hash, createTestKey()))
      expect(outcomes.filter((outcome) => outcome.kind === 'enrolled')).toHaveLength(1)
    })

    it('are not made for a gateway of another organization', async () => {
      const { gatewayId } = await createGateway()
      const { organizationId } = await createGateway()
      const outcome = await fixture().credentials.createEnrolmentToken({
        gatewayId,
        organizationId,
        tokenHash: randomBytes(32),
        createdAt: at,
        expiresAt: later(1000),
      })
      expect(outcome).toBe('not-found')
    })

    it('are not spent on a key that was enrolled before, here or for another gateway', async () => {
      const { key } = await enrolled()
      const other = await createGateway()
      const tokenHash = await createToken(other)
      expect(await enrol(tokenHash, key)).toEqual({
        kind: 'refused',
        reason: 'public-key-known',
        gateway: other,
      })
      expect(await enrol(tokenHash, createTestKey())).toMatchObject({ kind: 'enrolled' })
    })

    it('bind a key that two gateways race for to one, and leave the other token unspent', async () => {
      const key = createTestKey()
      const hashes = [await createToken(await createGateway()), await createToken(await createGateway())]
      const outcomes = await Promise.all(hashes.map((hash) => enrol(hash, key)))
      expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual(['enrolled', 'refused'])
      const loser = hashes[outcomes.findIndex((outcome) => outcome.kind === 'refused')]
      expect(await enrol(loser ?? Buffer.alloc(0), createTestKey())).toMatchObject({ kind: 'enrolled' })
    })
  })

  describe('keys', () => {
    it('are retired by a new enrolment, which names them', async () => {
      const gateway = await enrolled()
      const outcome = await enrol(await createToken(gateway), createTestKey())
      expect(outcome).toMatchObject({ kind: 'enrolled', retiredKeyIds: [gateway.key.keyId] })
      expect((await fixture().credentials.findKey(gateway.key.keyId))?.retiredAt).toEqual(at)
    })

    it('are retired by a revocation, which kills unused enrolment tokens too', async () => {
      const gateway = await enrolled()
      const tokenHash = await createToken(gateway)
      await fixture().gateways.revoke(gateway.gatewayId, gateway.organizationId, at)
      const key = await fixture().credentials.findKey(gateway.key.keyId)
      expect(key).toMatchObject({ retiredAt: at, gatewayRevokedAt: at })
      expect(await enrol(tokenHash, createTestKey())).toMatchObject({ reason: 'token-superseded' })
      const record = await fixture().gateways.findGateway(gateway.gatewayId, gateway.organizationId)
      expect(record).toMatchObject({ isEnrolled: false, revokedAt: at })
    })

    it('of a revoked gateway are replaced by a token made afterwards, which lets the gateway back in', async () => {
      const gateway = await enrolled()
      await fixture().gateways.revoke(gateway.gatewayId, gateway.organizationId, at)
      const fresh = createTestKey()
      await enrol(await createToken(gateway), fresh)
      expect(await fixture().credentials.findKey(fresh.keyId)).toMatchObject({
        retiredAt: null,
        gatewayRevokedAt: null,
      })
      expect((await fixture().credentials.findKey(gateway.key.keyId))?.retiredAt).toEqual(at)
    })

    it('are gone with their gateway', async () => {
      const gateway = await enrolled()
      await fixture().gateways.delete(gateway.gatewayId, gateway.organizationId)
      expect(await fixture().credentials.findKey(gateway.key.keyId)).toBeUndefined()
    })
  })

  describe('used token ids', () => {
    it('are claimed once, when 50 claims race, and note the connection', async () => {
      const { key, gatewayId, organizationId } = await enrolled()
      const use = { keyId: key.keyId, tokenId: randomUUID(), at, expiresAt: later(600_000) }
      const claims = await Promise.all(
        Array.from({ length: 50 }, () => fixture().credentials.useTokenId(use)),
      )
      expect(claims.filter(Boolean)).toHaveLength(1)
      const gateway = await fixture().gateways.findGateway(gatewayId, organizationId)
      expect(gateway?.lastConnectedAt).toEqual(at)
    })

    it('of one gateway are not used up by another', async () => {
      const tokenId = randomUUID()
      const one = await enrolled()
      const two = await enrolled()
      for (const { key } of [one, two]) {
        const use = { keyId: key.keyId, tokenId, at, expiresAt: later(600_000) }
        expect(await fixture().credentials.useTokenId(use)).toBe(true)
      }
    })

    it('are swept once they are past their time, and not before', async () => {
      const { key } = await enrolled()
      const claim = (tokenId: string, when: Date): Promise<boolean> =>
        fixture().credentials.useTokenId({
          keyId: key.keyId,
          tokenId,
          at: when,
          expiresAt: new Date(when.getTime() + 1000),
        })
      const first = randomUUID()
      await claim(first, at)
      for (let count = 0; count < 5; count += 1) await claim(randomUUID(), at)
      const before = await fixture().usedTokenIdCount()
      expect(await claim(first, later(1000))).toBe(false)
      await claim(randomUUID(), later(1001))
      expect(await fixture().usedTokenIdCount()).toBe(before - 6 + 1)
    })
  })

  describe('the search for revoked credentials', () => {
    it('names the revoked, the deleted, the re-enrolled, the unknown and the swapped, and no other', async () => {
      const { credentials, gateways } = fixture()
      const [good, revoked, deleted, replaced] = [
        await enrolled(),
        await enrolled(),
        await enrolled(),
        await enrolled(),
      ]
      const fresh = createTestKey()
      await gateways.revoke(revoked.gatewayId, revoked.organizationId, at)
      await gateways.delete(deleted.gatewayId, deleted.organizationId)
      await enrol(await createToken(replaced), fresh)
      const alive = [
        { gatewayId: good.gatewayId, keyId: good.key.keyId },
        { gatewayId: replaced.gatewayId, keyId: fresh.keyId },
      ]
      const dead = [
        { gatewayId: revoked.gatewayId, keyId: revoked.key.keyId, isReplaced: false },
        { gatewayId: deleted.gatewayId, keyId: deleted.key.keyId, isReplaced: false },
        { gatewayId: replaced.gatewayId, keyId: replaced.key.keyId, isReplaced: true },
        { gatewayId: good.gatewayId, keyId: createTestKey().keyId, isReplaced: false },
        { gatewayId: revoked.gatewayId, keyId: good.key.keyId, isReplaced: false },
      ]
      expect(await credentials.findRevokedAmong([...alive, ...dead], at)).toEqual(dead)
      expect(await credentials.findRevokedAmong([], at)).toEqual([])
    })
  })
}
