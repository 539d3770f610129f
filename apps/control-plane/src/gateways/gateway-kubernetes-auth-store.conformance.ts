import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { GatewayKubernetesSettings } from './gateway-kubernetes-auth.ts'
import type { GatewayKubernetesAuthStore, GatewayPlace } from './gateway-kubernetes-auth-store.ts'

export interface GatewayAuthStoreFixture {
  store: GatewayKubernetesAuthStore
  createOrganization: () => Promise<string>
  createGateway: (organizationId: string) => Promise<GatewayPlace>
  /** A live key of the gateway. */
  addKey: (place: GatewayPlace) => Promise<string>
  revoke: (place: GatewayPlace) => Promise<void>
  isRevoked: (place: GatewayPlace) => Promise<boolean>
}

const at = new Date('2026-11-22T12:00:00Z')
const direct: GatewayKubernetesSettings = {
  tokenReviewMode: 'api',
  kubernetesHost: 'https://cluster.example',
  caCert: 'a CA',
  verifyTlsCertificate: true,
  tokenReviewerJwt: 'reviewer.jwt.secret',
  reviewerGatewayId: null,
  allowedNamespaces: 'postern',
  allowedNames: '',
  allowedAudience: 'https://postern.example.com',
}

function through(reviewer: GatewayPlace): GatewayKubernetesSettings {
  return {
    ...direct,
    tokenReviewMode: 'gateway',
    kubernetesHost: null,
    caCert: '',
    tokenReviewerJwt: null,
    reviewerGatewayId: reviewer.gatewayId,
  }
}

/** What every store of gateways' Kubernetes authentication must do. */
export function describeGatewayKubernetesAuthStore(fixture: () => GatewayAuthStoreFixture): void {
  async function createPlace(): Promise<GatewayPlace> {
    return fixture().createGateway(await fixture().createOrganization())
  }

  describe('a store of gateways’ Kubernetes authentication', () => {
    it('returns what was saved, secrets and all, to its own organization’s list alone', async () => {
      const { store } = fixture()
      const place = await createPlace()
      const other = await createPlace()
      await store.save(other, direct, at)
      const saved = await store.save(place, direct, at)
      const auth = { ...direct, ...place, updatedAt: at }
      expect(saved).toEqual({ kind: 'saved', auth, retiredKeyIds: [] })
      expect(await store.find(place.gatewayId)).toEqual(auth)
      expect(await store.listOf(place.organizationId)).toEqual([auth])
      expect(await store.find(randomUUID())).toBeUndefined()
    })

    it('saves nothing for a gateway of another organization', async () => {
      const { store } = fixture()
      const place = await createPlace()
      const foreign = { ...place, organizationId: await fixture().createOrganization() }
      expect(await store.save(foreign, direct, at)).toEqual({ kind: 'not-found' })
      expect(await store.find(place.gatewayId)).toBeUndefined()
    })

    it('is later with each change, even at one moment', async () => {
      const { store } = fixture()
      const place = await createPlace()
      await store.save(place, direct, at)
      await store.save(place, direct, at)
      expect((await store.find(place.gatewayId))?.updatedAt).toEqual(new Date(at.getTime() + 1))
    })

    it('retires keys that came about by another trust, and no others', async () => {
      const { store, addKey } = fixture()
      const place = await createPlace()
      const byToken = await addKey(place)
      expect(await store.save(place, direct, at)).toMatchObject({ retiredKeyIds: [byToken] })
      const byPod = await addKey(place)
      const renewed = { ...direct, tokenReviewerJwt: 'new.reviewer.jwt' }
      expect(await store.save(place, renewed, at)).toMatchObject({ retiredKeyIds: [] })
      expect(await store.remove(place, at)).toEqual({ retiredKeyIds: [byPod] })
      expect(await store.remove(place, at)).toEqual({ retiredKeyIds: [] })
    })

    it.each([
      { allowedNames: 'a' },
      { allowedNamespaces: 'other' },
      { allowedAudience: 'other' },
      { kubernetesHost: 'https://other.example' },
      { caCert: 'another CA' },
      { verifyTlsCertificate: false },
    ])('takes %j for another trust', async (change) => {
      const { store, addKey } = fixture()
      const place = await createPlace()
      await store.save(place, direct, at)
      const keyId = await addKey(place)
      expect(await store.save(place, { ...direct, ...change }, at)).toMatchObject({ retiredKeyIds: [keyId] })
    })

    it('lets a revoked gateway back in', async () => {
      const { store, revoke, isRevoked } = fixture()
      const place = await createPlace()
      await store.save(place, direct, at)
      await revoke(place)
      expect(await isRevoked(place)).toBe(true)
      await store.save(place, direct, at)
      expect(await isRevoked(place)).toBe(false)
    })

    it('knows no reviewer of another organization', async () => {
      const { store } = fixture()
      const place = await createPlace()
      expect(await store.save(place, through(await createPlace()), at)).toEqual({ kind: 'reviewer-gone' })
    })

    it('lets nobody vouch for themselves, however far around, even when all are saved at once', async () => {
      const { store, createGateway } = fixture()
      const organizationId = await fixture().createOrganization()
      const ring = await Promise.all(Array.from({ length: 5 }, () => createGateway(organizationId)))
      const outcomes = await Promise.all(
        ring.map((place, index) => store.save(place, through(ring[(index + 1) % 5] ?? place), at)),
      )
      expect(outcomes.filter(({ kind }) => kind === 'cycle')).toHaveLength(1)
      expect(outcomes.filter(({ kind }) => kind === 'saved')).toHaveLength(4)
    })

    it('lets no gateway vouch for itself', async () => {
      const place = await createPlace()
      expect(await fixture().store.save(place, through(place), at)).toEqual({ kind: 'cycle' })
    })
  })
}
