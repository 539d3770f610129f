import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { logIn } from '../processes/log-in.ts'
import { attachKubernetesAuth, createIdentity } from '../processes/platform.ts'
import { createPosternApi, expectOk, textAt, type ApiReply } from '../processes/postern-api.ts'
import { clusterKinds } from './clusters.ts'
import { readAuditEvent, readReason } from './login-world.ts'
import { createPoolWorld, eventually, type Member, type PoolWorld, untilHealthy } from './pool-world.ts'

/** In both clusters. */
const pod = { namespace: 'shop', name: 'checkout' }
const rules = { allowedNamespaces: pod.namespace, allowedNames: pod.name, tokenReviewMode: 'gateway' }

describe.each(clusterKinds)('a pool of gateways in $name', (kind) => {
  let world: PoolWorld
  let north: Member
  let south: Member
  let foreign: Member
  let gatewayPoolId: string
  let identityId: string

  beforeAll(async () => {
    world = await createPoolWorld(kind)
    const { home, elsewhere } = world
    for (const cluster of [home, elsewhere]) await cluster.createServiceAccount(pod.namespace, pod.name)
    north = await world.startMember('north', home)
    south = await world.startMember('south', home)
    foreign = await world.startMember('foreign', elsewhere)
    gatewayPoolId = await world.createPool('home')
    for (const { gatewayId } of [north, south]) expectOk(await world.addMember(gatewayPoolId, gatewayId))
    await untilHealthy(world, gatewayPoolId, 2)
    identityId = await createIdentity(world.platform, 'checkout')
    await attachKubernetesAuth(world.platform, identityId, { ...rules, gatewayPoolId })
  }, 180_000)
  afterAll(() => world.close())

  const attempt = (jwt: string): Promise<ApiReply> => logIn(world.url, identityId, jwt)

  /** While the other one is away, so that the pool has nobody else to ask. */
  async function withOnly(member: Member, work: () => Promise<void>): Promise<void> {
    const other = member === north ? south : north
    await other.stop()
    try {
      await work()
    } finally {
      await other.start()
      await untilHealthy(world, gatewayPoolId, 2)
    }
  }

  it('T6: keeps a gateway of another cluster out, with a reason that names both clusters', async () => {
    const [poolCluster, itsCluster] = await Promise.all([
      world.readPool(gatewayPoolId).then(({ cluster }) => cluster),
      eventually(async () => {
        const own = await world.createPool(`own-${Date.now()}`)
        expectOk(await world.addMember(own, foreign.gatewayId))
        return world.readPool(own).then(({ cluster }) => {
          expect(cluster).not.toBeNull()
          return cluster
        })
      }),
    ])
    const refusal = await world.addMember(gatewayPoolId, foreign.gatewayId)
    expect(refusal).toMatchObject({
      status: 400,
      body: { details: { reason: 'cluster-mismatched', poolCluster, gatewayCluster: itsCluster } },
    })
    expect(poolCluster).not.toBe(itsCluster)
  })

  it.each(['north', 'south'])(
    'T6: refuses, with %s as reviewer, the same account of another cluster',
    async (name) => {
      const member = name === 'north' ? north : south
      await withOnly(member, async () => {
        const [ours, theirs] = [await world.home.mintToken(pod), await world.elsewhere.mintToken(pod)]
        const refused = await attempt(theirs)
        expect(refused.status).toBe(401)
        expect(await readReason(world.platform, refused)).toBe('token-not-authenticated')
        const { accessToken } = expectOk(await attempt(ours))
        expect(accessToken).toEqual(expect.any(String))
      })
    },
    60_000,
  )

  it('logs in through a member, and the audit log names the pool and the member', async () => {
    const reply = await attempt(await world.home.mintToken(pod))
    const api = createPosternApi(world.url).as(textAt(expectOk(reply), 'accessToken'))
    expect((await api.get('/api/v1/identities/details')).status).toBe(200)
    const requestId = reply.headers.get('x-request-id') ?? ''
    const { details } = await readAuditEvent(world.platform, requestId)
    const named = JSON.stringify(details)
    expect(named).toContain(gatewayPoolId)
    expect([north, south].some(({ gatewayId }) => named.includes(gatewayId))).toBe(true)
  })

  it('P3: loses no login when a member is killed', async () => {
    const jwt = await world.home.mintToken(pod)
    const attempts: Promise<ApiReply>[] = []
    for (let count = 0; count < 40; count += 1) {
      attempts.push(attempt(jwt))
      if (count === 10) await north.stop('SIGKILL')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const statuses = (await Promise.all(attempts)).map(({ status }) => status)
    expect(statuses.filter((status) => status !== 200)).toEqual([])
    const { gateways } = await world.readPool(gatewayPoolId)
    expect(gateways.map(({ status }) => status)).toEqual(['disconnected', 'healthy'])
    await north.start()
  }, 60_000)

  it('is not saved while a member may not review, and names the member and the remedy', async () => {
    await untilHealthy(world, gatewayPoolId, 2)
    await world.home.revokeTokenReview(south.account.namespace, south.account.name)
    const body = { ...rules, kubernetesHost: null, allowedAudience: '', gatewayPoolId }
    const other = await createIdentity(world.platform, 'another')
    const path = `/api/v1/auth/kubernetes-auth/identities/${other}`
    const refusal = await world.platform.admin.post(path, body)
    await world.home.grantTokenReview(south.account.namespace, south.account.name)
    expect(refusal).toMatchObject({
      status: 400,
      body: {
        message: expect.stringMatching(/south may not review tokens.*system:auth-delegator/),
        details: {
          reason: 'reviewer-forbidden',
          members: [
            { gatewayId: north.gatewayId, outcome: 'accepted' },
            { gatewayId: south.gatewayId, outcome: 'failed', reason: 'reviewer-forbidden' },
          ],
        },
      },
    })
  })

  it('is named by a Kubernetes Auth instead of a gateway, and the other way round', async () => {
    const path = `/api/v1/auth/kubernetes-auth/identities/${identityId}`
    const named = async (body: object) => {
      const { identityKubernetesAuth } = expectOk(await world.platform.admin.patch(path, body))
      return identityKubernetesAuth
    }
    const { gatewayId } = north
    expect(await named({ gatewayId })).toMatchObject({ gatewayId, gatewayPoolId: null })
    const resources = `/api/v1/gateway-pools/${gatewayPoolId}/resources`
    expect(expectOk(await world.platform.admin.get(resources))).toMatchObject({ kubernetesAuths: [] })
    expect(await named({ gatewayPoolId })).toMatchObject({ gatewayId: null, gatewayPoolId })
    expect(expectOk(await world.platform.admin.get(resources))).toMatchObject({
      kubernetesAuths: [{ identityId, identityName: 'checkout' }],
    })
    expect((await world.platform.admin.patch(path, { gatewayPoolId: null })).status).toBe(422)
    expect((await attempt(await world.home.mintToken(pod))).status).toBe(200)
  })

  it('T6: a member that comes back in another cluster is asked for nothing, and shown with the reason', async () => {
    const theirs = await world.elsewhere.mintToken(pod)
    await south.stop()
    const statuses = new Set<number>()
    const returning = { isBack: false }
    const asking = (async () => {
      while (!returning.isBack) statuses.add((await attempt(theirs)).status)
    })()
    try {
      await south.start(world.elsewhere)
      await eventually(async () => {
        const { gateways } = await world.readPool(gatewayPoolId)
        expect(gateways.find(({ id }) => id === south.gatewayId)).toMatchObject({
          status: 'degraded',
          statusReason: expect.stringContaining('another cluster'),
        })
      })
    } finally {
      returning.isBack = true
      await asking
    }
    for (let count = 0; count < 20; count += 1) statuses.add((await attempt(theirs)).status)
    expect([...statuses]).toEqual([401])
    await north.stop()
    expect((await attempt(await world.home.mintToken(pod))).status).toBe(503)
    expect((await attempt(theirs)).status).toBe(503)
    await Promise.all([north.start(), south.stop()])
    await south.start()
    await untilHealthy(world, gatewayPoolId, 2)
  }, 90_000)

  it('T49: all members down is a 503 that says when to try again, and nothing is dialled instead', async () => {
    await Promise.all([north.stop(), south.stop()])
    const reply = await attempt(await world.home.mintToken(pod))
    expect(reply.status).toBe(503)
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await readReason(world.platform, reply)).toBe('gateway-unavailable')
  }, 60_000)

  it('is not deleted while a Kubernetes Auth names it', async () => {
    const refusal = await world.platform.admin.delete(`/api/v1/gateway-pools/${gatewayPoolId}`)
    expect(refusal).toMatchObject({ status: 400, body: { message: expect.stringContaining('checkout') } })
  })
})
