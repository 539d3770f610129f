import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spawnGateway, startGateway, type GatewayOptions } from '../processes/gateway-process.ts'
import { logIn } from '../processes/log-in.ts'
import { attachKubernetesAuth, createIdentity } from '../processes/platform.ts'
import { expectOk, textAt, type JsonObject } from '../processes/postern-api.ts'
import { clusterKinds } from './clusters.ts'
import { createLoginWorld, type LoginWorld } from './login-world.ts'

const namespace = 'postern'
const patienceMs = 20_000

describe.each(clusterKinds)('a gateway that enrols by its own pod’s token, on $name', (kind) => {
  let world: LoginWorld
  let folder: string
  let gatewayId: string
  let authMethod: JsonObject

  beforeAll(async () => {
    world = await createLoginWorld(kind)
    folder = await mkdtemp(join(tmpdir(), 'postern-e2e-pod-token-'))
    authMethod = {
      method: 'kubernetes',
      gatewayId: world.gatewayId,
      allowedNamespaces: namespace,
      allowedNames: 'second-*',
    }
    const { admin } = world.platform
    const created = expectOk(await admin.post('/api/v3/gateways', { name: 'second', authMethod }))
    gatewayId = textAt(created, 'id')
  })
  afterAll(async () => {
    await world.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** As the kubelet starts a pod of this service account: a token for the control plane is mounted. */
  async function podOf(name: string, audience = world.controlPlane.url): Promise<GatewayOptions> {
    const account = { namespace, name }
    await world.cluster.createServiceAccount(namespace, name)
    await world.cluster.grantTokenReview(namespace, name)
    const { cluster } = world
    const mounted = await createServiceAccountFolder({
      cluster,
      ...account,
      path: join(folder, name, 'account'),
    })
    const tokenFile = join(folder, name, 'token')
    await writeFile(tokenFile, `${await cluster.mintToken({ ...account, audiences: [audience] })}\n`)
    return {
      controlPlaneUrl: world.controlPlane.url,
      kubernetesUrl: cluster.url,
      serviceAccountFolder: mounted.path,
      credential: `file:${join(folder, name, 'credential.json')}`,
      environment: {
        POSTERN_ENROL_METHOD: 'kubernetes',
        POSTERN_GATEWAY_ID: gatewayId,
        POSTERN_ENROL_TOKEN_FILE: tokenFile,
      },
    }
  }

  async function read(): Promise<JsonObject> {
    return expectOk(await world.platform.admin.get(`/api/v3/gateways/${gatewayId}`))
  }

  async function refusals(): Promise<unknown[]> {
    const path = '/api/v1/audit-logs?event=gateway-enrolment-refused'
    const { auditLogs } = expectOk(await world.platform.admin.get(path))
    return Array.isArray(auditLogs) ? auditLogs.map((event: JsonObject) => event['reason']) : []
  }

  it('T47 is kept out as another service account of the same cluster, for good', async () => {
    const running = await spawnGateway(await podOf('other'))
    expect(await running.ended).toMatchObject({ code: 1 })
    expect(running.output()).toContain('does not let this pod be the gateway')
    expect(await refusals()).toContain('name-not-allowed')
    expect(await read()).toMatchObject({ status: 'never-connected' })
  })

  it('T4 is kept out with a token for another audience', async () => {
    const running = await spawnGateway(await podOf('second-stray', 'https://vault.example.com'))
    await expect.poll(refusals, { timeout: patienceMs }).toContain('token-not-authenticated')
    await running.end('SIGKILL')
    expect(await read()).toMatchObject({ status: 'never-connected' })
  })

  it('lets workloads log in through it, and keeps the gateway that vouched for it from being deleted', async () => {
    const pods = [await podOf('second-1'), await podOf('second-2')]
    const [one, two] = await Promise.all(pods.map((pod) => startGateway(pod)))
    expect(await read()).toMatchObject({ status: 'connected', authMethod: { method: 'kubernetes' } })
    const identityId = await createIdentity(world.platform, 'behind-second')
    await attachKubernetesAuth(world.platform, identityId, {
      tokenReviewMode: 'gateway',
      gatewayId,
      allowedNames: 'api',
    })
    await world.cluster.createServiceAccount('payments', 'api')
    const jwt = await world.cluster.mintToken({ namespace: 'payments', name: 'api' })
    expect(await logIn(world.controlPlane.url, identityId, jwt)).toMatchObject({ status: 200 })
    await one?.end()
    expect(await logIn(world.controlPlane.url, identityId, jwt)).toMatchObject({ status: 200 })
    await two?.end()
    expect(await world.platform.admin.delete(`/api/v3/gateways/${world.gatewayId}`)).toMatchObject({
      status: 400,
      body: { details: { gateways: [{ id: gatewayId, name: 'second' }] } },
    })
  })

  it('T49 is gone within 5 s once it is revoked, stays out, and comes back by a person’s word', async () => {
    const pod = await podOf('second-3')
    const running = await startGateway(pod)
    const { admin } = world.platform
    expectOk(await admin.post(`/api/v3/gateways/${gatewayId}/revoke`))
    await expect.poll(read, { timeout: 5000 }).toMatchObject({ connectedTunnels: 0, status: 'revoked' })
    expect(await running.ended).toMatchObject({ code: 1 })
    const restarted = await spawnGateway(pod)
    expect(await restarted.ended).toMatchObject({ code: 1 })
    expect(await read()).toMatchObject({ connectedTunnels: 0, status: 'revoked' })
    expectOk(await admin.patch(`/api/v3/gateways/${gatewayId}`, { authMethod }))
    const back = await startGateway(pod)
    expect(await read()).toMatchObject({ status: 'connected' })
    await back.end()
  })

  it('enrols anew by itself when its keys are retired because other pods are let in', async () => {
    const running = await startGateway(await podOf('second-4'))
    const { admin } = world.platform
    const others = { ...authMethod, allowedNames: 'second-4,third-*' }
    const retired = expectOk(await admin.patch(`/api/v3/gateways/${gatewayId}`, { authMethod: others }))
    expect(retired).toMatchObject({ connectedTunnels: 0 })
    await expect.poll(read, { timeout: patienceMs }).toMatchObject({ status: 'connected' })
    expectOk(await admin.patch(`/api/v3/gateways/${gatewayId}`, { authMethod }))
    await running.end()
  })
})
