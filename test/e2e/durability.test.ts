import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway } from '../processes/gateway-process.ts'
import { logIn } from '../processes/log-in.ts'
import { attachKubernetesAuth, createIdentity } from '../processes/platform.ts'
import { clusterKinds } from './clusters.ts'
import { createLoginWorld, readAuditEvent, type LoginWorld } from './login-world.ts'

const pod = { namespace: 'shop', name: 'checkout' }
const [kind] = clusterKinds.slice(-1)
if (kind === undefined) throw new Error('there is always the stand-in')

describe('a login whose control plane or gateway is killed', () => {
  let world: LoginWorld
  let identityId: string

  beforeAll(async () => {
    world = await createLoginWorld(kind)
    await world.cluster.createServiceAccount(pod.namespace, pod.name)
    identityId = await createIdentity(world.platform, 'checkout')
    await attachKubernetesAuth(world.platform, identityId, {
      tokenReviewMode: 'gateway',
      gatewayId: world.gatewayId,
      allowedNamespaces: pod.namespace,
      allowedNames: pod.name,
    })
  })
  afterAll(() => world.close())

  const attempt = async (): Promise<number> =>
    (await logIn(world.controlPlane.url, identityId, await world.cluster.mintToken(pod))).status

  it('is in the audit log when the control plane is killed (-9) right after its reply', async () => {
    for (let round = 0; round < 3; round += 1) {
      const reply = await logIn(world.controlPlane.url, identityId, await world.cluster.mintToken(pod))
      await world.killControlPlane()
      expect(reply.status).toBe(200)
      await world.restartControlPlane()
      const event = await readAuditEvent(world.platform, reply.headers.get('x-request-id') ?? '')
      expect(event).toMatchObject({ event: 'kubernetes-login', outcome: 'success', identityId })
      await expect.poll(attempt, { timeout: 5_000, interval: 100 }).toBe(200)
    }
  })

  it('works again within 5 s when the gateway is killed (-9) and started without an enrolment token', async () => {
    await world.gateway.end('SIGKILL')
    expect(await attempt()).toBe(503)
    const startedAt = performance.now()
    const again = await startGateway(world.gatewayOptions)
    try {
      await expect.poll(attempt, { timeout: 5_000, interval: 50 }).toBe(200)
      expect(performance.now() - startedAt).toBeLessThan(5_000)
    } finally {
      await again.end()
    }
  })
})
