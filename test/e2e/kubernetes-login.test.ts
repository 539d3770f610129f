import { randomUUID } from 'node:crypto'
import type { TestCluster } from '@postern/testing/test-cluster'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway } from '../processes/gateway-process.ts'
import { logIn } from '../processes/log-in.ts'
import { attachKubernetesAuth, createIdentity } from '../processes/platform.ts'
import { createPosternApi, expectOk, textAt, type ApiReply } from '../processes/postern-api.ts'
import { clusterKinds } from './clusters.ts'
import {
  createLoginWorld,
  gatewayAccount,
  readAuditEvent,
  readReason,
  type LoginWorld,
} from './login-world.ts'

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

/** Before the cluster has vouched, every refusal is this status, and one constant body but for its request id. */
function withoutRequestId(reply: ApiReply): unknown {
  const { reqId: _unused, ...rest } = reply.body
  return { status: reply.status, ...rest }
}

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
  /** Each with the reason in the audit log, and what the caller is told. */
  const afterVouching: ReadonlyArray<[string, () => Promise<string>, string, RegExp]> = [
    ['the wrong namespace', () => world.cluster.mintToken(sameName), 'namespace-not-allowed', /namespace/],
    ['the wrong name', () => world.cluster.mintToken(sameNamespace), 'name-not-allowed', /name/],
  ]

  async function mintForDeletedAccount(): Promise<string> {
    await world.cluster.createServiceAccount(gone.namespace, gone.name)
    const token = await world.cluster.mintToken(gone)
    await world.cluster.deleteServiceAccount(gone.namespace, gone.name)
    return token
  }

  describe.each(reviewers)('with the %s as reviewer', (each) => {
    it.each(beforeVouching)('refuses %s like an unknown identity', async (_title, token, reason) => {
      const reply = await attempt(identities[each], await token())
      const unknown = await attempt(randomUUID(), await world.cluster.mintToken(pod))
      expect(reply.status).toBe(401)
      expect(withoutRequestId(reply)).toEqual(withoutRequestId(unknown))
      expect(await readReason(world.platform, reply)).toBe(reason)
    })

    it.each(afterVouching)('refuses %s and names the rule', async (_title, token, reason, told) => {
      const reply = await attempt(identities[each], await token())
      expect(reply.status).toBe(401)
      expect(reply.body['message']).toMatch(told)
      expect(await readReason(world.platform, reply)).toBe(reason)
    })

    it('T1: is refused when the required audience is missing from the token', async () => {
      const reply = await attempt(withAudience[each], await world.cluster.mintToken(pod))
      expect(reply.status).toBe(401)
      expect(await readReason(world.platform, reply)).toBe('token-not-authenticated')
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

  it('is refused when the client reviews itself and has no right to', async () => {
    const reply = await attempt(identities['client-jwt'], await world.cluster.mintToken(undelegated))
    expect(reply.status).toBeGreaterThanOrEqual(400)
    expect(await readReason(world.platform, reply)).toBe('reviewer-forbidden')
  })

  it('is refused while the stored reviewer has lost its right, and works again with it', async () => {
    const { cluster, platform } = world
    await cluster.revokeTokenReview(reviewer.namespace, reviewer.name)
    const reply = await attempt(identities['stored-jwt'], await cluster.mintToken(pod))
    expect(reply.status).toBeGreaterThanOrEqual(400)
    expect(await readReason(platform, reply)).toBe('reviewer-forbidden')
    await cluster.grantTokenReview(reviewer.namespace, reviewer.name)
    expectOk(await attempt(identities['stored-jwt'], await cluster.mintToken(pod)))
  })

  it('is refused while the gateway has lost its binding, and works again with it', async () => {
    const { cluster, platform } = world
    await cluster.revokeTokenReview(gatewayAccount.namespace, gatewayAccount.name)
    const reply = await attempt(identities.gateway, await cluster.mintToken(pod))
    expect(reply.status).toBeGreaterThanOrEqual(400)
    expect(await readReason(platform, reply)).toBe('reviewer-forbidden')
    await cluster.grantTokenReview(gatewayAccount.namespace, gatewayAccount.name)
    expectOk(await attempt(identities.gateway, await cluster.mintToken(pod)))
  })

  it('T49: answers 503 with Retry-After while the gateway is stopped, and works within 5 s of its return', async () => {
    await world.gateway.end()
    const refused = await attempt(identities.gateway, await world.cluster.mintToken(pod))
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await readReason(world.platform, refused)).toBe('gateway-unavailable')
    for (const each of ['stored-jwt through a gateway', 'client-jwt through a gateway'] as const) {
      const behind = await attempt(identities[each], await world.cluster.mintToken(pod))
      expect(behind.status).toBe(503)
      expect(await readReason(world.platform, behind)).toBe('gateway-unavailable')
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
})

/** Changes one character of the signature, in the middle, where every bit counts. */
function tamper(token: string): string {
  const at = token.lastIndexOf('.') + 20
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}
