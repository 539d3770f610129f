import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { KubernetesAuth, KubernetesAuthSettings } from './kubernetes-auth.ts'
import type { KubernetesAuthStore, SaveKubernetesAuthOutcome } from './kubernetes-auth-store.ts'

export interface KubernetesAuthStoreFixture {
  store: KubernetesAuthStore
  createIdentity: () => Promise<{ id: string; organizationId: string }>
  createGateway: (organizationId: string) => Promise<string>
  createPool: (organizationId: string) => Promise<string>
  organizationSlug: (organizationId: string) => Promise<string>
}

const settings: KubernetesAuthSettings = {
  tokenReviewMode: 'api',
  kubernetesHost: 'https://cluster.example',
  caCert: 'a CA',
  verifyTlsCertificate: true,
  tokenReviewerJwt: 'reviewer.jwt.secret',
  allowedNamespaces: 'payments,*-prod',
  allowedNames: '',
  allowedAudience: 'vault',
  gatewayId: null,
  gatewayPoolId: null,
  accessToken: {
    ttlSeconds: 600,
    maxTtlSeconds: 1200,
    numUsesLimit: 5,
    trustedIps: [
      { ipAddress: '10.0.0.0', type: 'ipv4', prefix: 8 },
      { ipAddress: '::1', type: 'ipv6' },
    ],
  },
}
const bare: KubernetesAuthSettings = { ...settings, caCert: '', tokenReviewerJwt: null }

function authOf(outcome: SaveKubernetesAuthOutcome): KubernetesAuth {
  if (outcome.kind !== 'saved') throw new Error(`not saved: ${outcome.kind}`)
  return outcome.auth
}

/** What every store of Kubernetes Auths must do. */
export function describeKubernetesAuthStore(fixture: () => KubernetesAuthStoreFixture): void {
  describe('a store of Kubernetes Auths', () => {
    it.each([
      ['secrets and all', settings],
      ['without secrets', bare],
    ])('returns what was attached, %s', async (_title, attached) => {
      const { store, createIdentity } = fixture()
      const identity = await createIdentity()
      const auth = authOf(await store.attach(identity, attached))
      expect(auth).toEqual({
        ...attached,
        id: expect.any(String),
        identityId: identity.id,
        organizationId: identity.organizationId,
        createdAt: expect.any(Date),
        updatedAt: auth.createdAt,
      })
      expect(await store.find(identity.id)).toEqual(auth)
    })

    it('attaches one to an identity, even when raced', async () => {
      const { store, createIdentity } = fixture()
      const identity = await createIdentity()
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => store.attach(identity, bare)))
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual([
        ...Array.from({ length: 4 }, () => 'already-attached'),
        'saved',
      ])
    })

    it('attaches nothing to an identity, and through a gateway, that does not exist', async () => {
      const { store, createIdentity } = fixture()
      const identity = await createIdentity()
      const unknown = { ...identity, id: randomUUID() }
      expect(await store.attach(unknown, bare)).toEqual({ kind: 'reference-gone' })
      const throughNobody = { ...bare, gatewayId: randomUUID() }
      expect(await store.attach(identity, throughNobody)).toEqual({ kind: 'reference-gone' })
    })

    it('remembers the gateway', async () => {
      const { store, createIdentity, createGateway } = fixture()
      const identity = await createIdentity()
      const gatewayId = await createGateway(identity.organizationId)
      await store.attach(identity, { ...bare, tokenReviewMode: 'gateway', gatewayId })
      expect(await store.find(identity.id)).toMatchObject({ tokenReviewMode: 'gateway', gatewayId })
    })

    it('remembers the pool, and attaches none that does not exist', async () => {
      const { store, createIdentity, createPool } = fixture()
      const identity = await createIdentity()
      const throughNobody = { ...bare, gatewayPoolId: randomUUID() }
      expect(await store.attach(identity, throughNobody)).toEqual({ kind: 'reference-gone' })
      const gatewayPoolId = await createPool(identity.organizationId)
      const auth = authOf(
        await store.attach(identity, { ...bare, tokenReviewMode: 'gateway', gatewayPoolId }),
      )
      expect(await store.find(identity.id)).toMatchObject({ gatewayId: null, gatewayPoolId })
      authOf(await store.update(auth, bare))
      expect(await store.find(identity.id)).toMatchObject({ gatewayPoolId: null })
    })

    it('changes all settings at once, later than before', async () => {
      const { store, createIdentity } = fixture()
      const identity = await createIdentity()
      const first = authOf(await store.attach(identity, settings))
      const second = authOf(await store.update(first, bare))
      const third = authOf(await store.update(second, settings))
      expect(second).toEqual({ ...first, ...bare, updatedAt: second.updatedAt })
      expect(second.updatedAt.getTime()).toBeGreaterThan(first.updatedAt.getTime())
      expect(third.updatedAt.getTime()).toBeGreaterThan(second.updatedAt.getTime())
    })

    it('T8: lets one of two racing changes through, so that a JWT never meets the other one’s host', async () => {
      const { store, createIdentity } = fixture()
      const current = authOf(await store.attach(await createIdentity(), settings))
      const outcomes = await Promise.all([
        store.update(current, {
          ...settings,
          kubernetesHost: 'https://evil.example',
          tokenReviewerJwt: null,
        }),
        store.update(current, { ...settings, allowedNames: 'api' }),
      ])
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['changed-meanwhile', 'saved'])
      const now = await store.find(current.identityId)
      expect([now?.kubernetesHost, now?.tokenReviewerJwt]).not.toEqual([
        'https://evil.example',
        settings.tokenReviewerJwt,
      ])
    })

    it('changes nothing that was detached, and detaches once', async () => {
      const { store, createIdentity } = fixture()
      const auth = authOf(await store.attach(await createIdentity(), settings))
      expect(await store.detach(auth.identityId)).toEqual(auth)
      expect(await store.detach(auth.identityId)).toBeUndefined()
      expect(await store.find(auth.identityId)).toBeUndefined()
      expect(await store.update(auth, settings)).toEqual({ kind: 'changed-meanwhile' })
    })

    it('knows the slug of an organization', async () => {
      const { store, createIdentity, organizationSlug } = fixture()
      const { organizationId } = await createIdentity()
      expect(await store.findOrganizationSlug(organizationId)).toBe(await organizationSlug(organizationId))
      expect(await store.findOrganizationSlug(randomUUID())).toBeUndefined()
    })
  })
}
