import { expect, it } from 'vitest'
import type { KubernetesAuth } from './kubernetes-auth.ts'
import { createKubernetesAuthCache } from './kubernetes-auth-cache.ts'

const auth: KubernetesAuth = {
  id: 'auth',
  identityId: 'identity',
  organizationId: 'organization',
  tokenReviewMode: 'gateway',
  kubernetesHost: null,
  caCert: '',
  verifyTlsCertificate: true,
  tokenReviewerJwt: null,
  allowedNamespaces: '*',
  allowedNames: '',
  allowedAudience: '',
  gatewayId: 'gateway',
  gatewayPoolId: null,
  accessToken: { ttlSeconds: 60, maxTtlSeconds: 60, numUsesLimit: 0, trustedIps: [] },
  createdAt: new Date(0),
  updatedAt: new Date(0),
}

function createFixture() {
  const fixture = {
    nowMs: 0,
    tokenClockMs: 1_900_000_000_000,
    reads: 0,
    read: async (): Promise<KubernetesAuth | undefined> => auth,
  }
  const cache = createKubernetesAuthCache({
    store: {
      find: () => {
        fixture.reads++
        return fixture.read()
      },
      findOrganizationSlug: async () => 'acme',
    },
    chooseReviewer: () => ({
      review: async () => {
        throw new Error('nobody asked for a review')
      },
    }),
    clock: { nowMs: () => fixture.tokenClockMs },
    nowMs: () => fixture.nowMs,
  })
  return { fixture, cache }
}

it('reads once a second, however many ask', async () => {
  const { fixture, cache } = createFixture()
  await Promise.all(Array.from({ length: 100 }, () => cache.find('identity')))
  fixture.nowMs = 999
  await cache.find('identity')
  expect(fixture.reads).toBe(1)
  fixture.nowMs = 1000
  await cache.find('identity')
  expect(fixture.reads).toBe(2)
})

it('says when the database began to be asked, however long it took to answer', async () => {
  const { fixture, cache } = createFixture()
  fixture.read = async () => {
    fixture.tokenClockMs += 500
    return auth
  }
  expect(await cache.find('identity')).toMatchObject({ readAtMs: 1_900_000_000_000 })
  expect(await cache.find('identity')).toMatchObject({ readAtMs: 1_900_000_000_000 })
  cache.forget('identity')
  expect(await cache.find('identity')).toMatchObject({ readAtMs: 1_900_000_000_500 })
})

it('remembers too that there is none', async () => {
  const { fixture, cache } = createFixture()
  fixture.read = async () => undefined
  expect(await cache.find('identity')).toBeUndefined()
  expect(await cache.find('identity')).toBeUndefined()
  expect(fixture.reads).toBe(1)
})

it('T41: whoever asks after a change gets the new state, even while the old one is being read', async () => {
  const { fixture, cache } = createFixture()
  const old = Promise.withResolvers<KubernetesAuth | undefined>()
  fixture.read = () => old.promise
  const before = cache.find('identity')
  cache.forget('identity')
  fixture.read = async () => undefined
  expect(await cache.find('identity')).toBeUndefined()
  old.resolve(auth)
  expect((await before)?.auth).toBe(auth)
  expect(await cache.find('identity')).toBeUndefined()
})

it('does not remember a failure', async () => {
  const { fixture, cache } = createFixture()
  fixture.read = async () => {
    throw new Error('database away')
  }
  await expect(cache.find('identity')).rejects.toThrow('database away')
  fixture.read = async () => auth
  expect(await cache.find('identity')).toBeDefined()
})

it('T12: does not make rules that cannot be read into no rules', async () => {
  const { fixture, cache } = createFixture()
  fixture.read = async () => ({ ...auth, allowedNamespaces: '{a,b}' })
  await expect(cache.find('identity')).rejects.toThrow('a rule that')
})
