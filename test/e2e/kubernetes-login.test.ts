import { randomUUID } from 'node:crypto'
import type { TestCluster } from '@postern/testing/test-cluster'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway } from '../processes/gateway-process.ts'
import { logIn } from '../processes/log-in.ts'
import { attachKubernetesAuth, createIdentity } from '../processes/platform.ts'
import { createPosternApi, expectOk, textAt, type ApiReply } from '../processes/postern-api.ts'
import { clusterKinds } from './clusters.ts'
import { readRefusal, refusalOf, type LoginRefusal, type Told } from './login-refusal.ts'
import { createLoginWorld, gatewayAccount, readAuditEvent, type LoginWorld } from './login-world.ts'

/** A review by the gateway itself, or of the control plane's own asking: directly, or by a raw stream through a gateway. */
const reviewers = [
  'gateway',
  'stored-jwt',
  'client-jwt',
  'stored-jwt through a gateway',
  'client-jwt through a gateway',
] as const
type Reviewer = (typeof reviewers)[number]

const pod = { namespace: 'shop', name: 'checkout' }
const sameNamespace = { namespace: 'shop', name: 'intruder' }
const sameName = { namespace: 'other', name: 'checkout' }
const gone = { namespace: 'shop', name: 'checkout-gone' }
const undelegated = { namespace: 'shop', name: 'checkout-undelegated' }
const reviewer = { namespace: 'postern', name: 'reviewer' }
const rules = { allowedNamespaces: 'shop', allowedNames: 'checkout, checkout-*' }

describe.each(clusterKinds)('a login reviewed by $name', (kind) => {
  let world: LoginWorld
  let otherCluster: TestCluster
  let identities: Record<Reviewer, string>
  let withAudience: Record<Reviewer, string>

  beforeAll(async () => {
    ;[world, otherCluster] = await Promise.all([createLoginWorld(kind), kind.start()])
    const { cluster } = world
    for (const account of [pod, sameNamespace, sameName, gone, undelegated, reviewer]) {
      await cluster.createServiceAccount(account.namespace, account.name)
    }
    for (const account of [pod, sameNamespace, sameName, gone, reviewer]) {
      await cluster.grantTokenReview(account.namespace, account.name)
    }
    await otherCluster.createServiceAccount(pod.namespace, pod.name)
    identities = await createIdentities('')
    withAudience = await createIdentities('postern')
  })

  afterAll(async () => {
    await world.close()
    await otherCluster.close()
  })

  async function createIdentities(allowedAudience: string): Promise<Record<Reviewer, string>> {
    const { cluster, platform, gatewayId } = world
    const host = { kubernetesHost: cluster.url, caCert: cluster.caCert }
    const stored = { ...host, tokenReviewerJwt: await cluster.mintToken(reviewer) }
    const settings = {
      gateway: { tokenReviewMode: 'gateway', gatewayId },
      'stored-jwt': stored,
      'client-jwt': host,
      'stored-jwt through a gateway': { ...stored, gatewayId },
      'client-jwt through a gateway': { ...host, gatewayId },
    }
    const made: Partial<Record<Reviewer, string>> = {}
    for (const each of reviewers) {
      const id = await createIdentity(platform, `${each.replaceAll(' ', '-')}-${allowedAudience}`)
      await attachKubernetesAuth(platform, id, { ...rules, ...settings[each], allowedAudience })
      made[each] = id
    }
    return made as Record<Reviewer, string>
  }

  const attempt = (identityId: string, jwt: string): Promise<ApiReply> =>
    logIn(world.controlPlane.url, identityId, jwt)

  const refuse = async (identityId: string, jwt: string): Promise<LoginRefusal> =>
    readRefusal(world.platform, await attempt(identityId, jwt))

  /** Each with the reason in the audit log; the caller is told nothing. */
  const beforeVouching: ReadonlyArray<[string, () => Promise<string>, string]> = [
    ['a deleted service account', mintForDeletedAccount, 'token-not-authenticated'],
    ['an expired token', () => world.cluster.mintExpiredToken(pod), 'token-expired'],
    ['a tampered token', async () => tamper(await world.cluster.mintToken(pod)), 'token-not-authenticated'],
    ['T6: the same account of another cluster', () => otherCluster.mintToken(pod), 'token-not-authenticated'],
    [
      'T4: a token minted for another service',
      () => world.cluster.mintToken({ ...pod, audiences: ['https://another-service.example'] }),
      'token-not-authenticated',
    ],
  ]
  /** Each with the reason in the audit log, and the rule that the caller is told. */
  const afterVouching: ReadonlyArray<[string, () => Promise<string>, string, Told]> = [
    ['the wrong namespace', () => world.cluster.mintToken(sameName), 'namespace-not-allowed', 'namespace'],
    ['the wrong name', () => world.cluster.mintToken(sameNamespace), 'name-not-allowed', 'name'],
  ]

  async function mintForDeletedAccount(): Promise<string> {
    await world.cluster.createServiceAccount(gone.namespace, gone.name)
    const token = await world.cluster.mintToken(gone)
    await world.cluster.deleteServiceAccount(gone.namespace, gone.name)
    return token
  }

  describe.each(reviewers)('with the %s as reviewer', (each) => {
    it.each(beforeVouching)('refuses %s like an unknown identity', async (_title, token, reason) => {
      expect(await refuse(identities[each], await token())).toEqual(refusalOf('stranger', reason))
    })

    it.each(afterVouching)('refuses %s and names the rule', async (_title, token, reason, rule) => {
      expect(await refuse(identities[each], await token())).toEqual(refusalOf(rule, reason))
    })

    it('T1: is refused when the required audience is missing from the token', async () => {
      const token = await world.cluster.mintToken(pod)
      expect(await refuse(withAudience[each], token)).toEqual(
        refusalOf('stranger', 'token-not-authenticated'),
      )
    })

    it('logs in with the required audience in the token', async () => {
      // A client that reviews itself also needs the API server's own audience, or it may not call it.
      const audiences = each.startsWith('client-jwt') ? [...world.cluster.audiences, 'postern'] : ['postern']
      const reply = await attempt(withAudience[each], await world.cluster.mintToken({ ...pod, audiences }))
      expect(reply).toMatchObject({ status: 200, body: { tokenType: 'Bearer' } })
    })

    it('logs in, and the access token opens the API', async () => {
      const login = expectOk(await attempt(identities[each], `${await world.cluster.mintToken(pod)}\n`))
      expect(login).toEqual({
        accessToken: expect.any(String) as string,
        expiresIn: 2_592_000,
        accessTokenMaxTTL: 2_592_000,
        tokenType: 'Bearer',
      })
      const api = createPosternApi(world.controlPlane.url, textAt(login, 'accessToken'))
      const details = expectOk(await api.get('/api/v1/identities/details'))
      expect(textAt(details, 'identityDetails.organization.id')).toBe(world.platform.organizationId)
    })

    it('writes one audit event with who vouched and for whom', async () => {
      const reply = await attempt(identities[each], await world.cluster.mintToken(pod))
      expectOk(reply)
      const event = await readAuditEvent(world.platform, reply.headers.get('x-request-id') ?? '')
      expect(event).toMatchObject({
        event: 'kubernetes-login',
        outcome: 'success',
        identityId: identities[each],
      })
      expect(JSON.stringify(event['details'])).toContain(each.split(' ')[0])
      expect(JSON.stringify(event['details'])).toContain(pod.name)
    })
  })

  it('T29: is refused for an unknown identity', async () => {
    expect(await refuse(randomUUID(), await world.cluster.mintToken(pod))).toEqual(
      refusalOf('stranger', 'identity-unknown'),
    )
  })

  it('is refused when the client reviews itself and has no right to', async () => {
    const token = await world.cluster.mintToken(undelegated)
    expect(await refuse(identities['client-jwt'], token)).toEqual(refusalOf('stranger', 'reviewer-forbidden'))
  })

  it('is refused while the stored reviewer has lost its right, and works again with it', async () => {
    const { cluster } = world
    await cluster.revokeTokenReview(reviewer.namespace, reviewer.name)
    const token = await cluster.mintToken(pod)
    expect(await refuse(identities['stored-jwt'], token)).toEqual(refusalOf('stranger', 'reviewer-forbidden'))
    await cluster.grantTokenReview(reviewer.namespace, reviewer.name)
    expectOk(await attempt(identities['stored-jwt'], await cluster.mintToken(pod)))
  })

  it('is refused while the gateway has lost its binding, and works again with it', async () => {
    const { cluster } = world
    await cluster.revokeTokenReview(gatewayAccount.namespace, gatewayAccount.name)
    const token = await cluster.mintToken(pod)
    expect(await refuse(identities.gateway, token)).toEqual(refusalOf('stranger', 'reviewer-forbidden'))
    await cluster.grantTokenReview(gatewayAccount.namespace, gatewayAccount.name)
    expectOk(await attempt(identities.gateway, await cluster.mintToken(pod)))
  })

  it('T49: answers 503 with Retry-After while the gateway is stopped, and works within 5 s of its return', async () => {
    await world.gateway.end()
    for (const each of reviewers.filter((name) => name.includes('gateway'))) {
      const token = await world.cluster.mintToken(pod)
      expect(await refuse(identities[each], token)).toEqual(refusalOf('unavailable', 'gateway-unavailable'))
    }
    // No enrolment token: the gateway has its credential in its file.
    const again = await startGateway(world.gatewayOptions)
    try {
      await expect
        .poll(async () => (await attempt(identities.gateway, await world.cluster.mintToken(pod))).status, {
          timeout: 5_000,
          interval: 100,
        })
        .toBe(200)
    } finally {
      await again.end()
    }
  })

  it('T30: answers 503 that names no host when the API server is gone', async () => {
    const token = await otherCluster.mintToken(pod)
    const identityId = await createIdentity(world.platform, 'of-another-cluster')
    await attachKubernetesAuth(world.platform, identityId, {
      ...rules,
      kubernetesHost: otherCluster.url,
      caCert: otherCluster.caCert,
    })
    await otherCluster.close()
    expect(await refuse(identityId, token)).toEqual(refusalOf('unavailable', 'api-server-unreachable'))
  })
})

/** Changes one character of the signature, in the middle, where every bit counts. */
function tamper(token: string): string {
  const at = token.lastIndexOf('.') + 20
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}
