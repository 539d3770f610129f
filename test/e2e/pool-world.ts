import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import type { TestCluster } from '@postern/testing/test-cluster'
import { startGateway, type GatewayOptions, type GatewayProcess } from '../processes/gateway-process.ts'
import { bootstrap, createGateway, type Platform } from '../processes/platform.ts'
import { expectOk, textAt, type ApiReply, type JsonObject } from '../processes/postern-api.ts'
import type { ClusterKind } from './clusters.ts'
import { startTestControlPlane } from './test-control-plane.ts'

/** Two clusters, a control plane, and gateways in either; each part its own process. */
export interface PoolWorld {
  home: TestCluster
  elsewhere: TestCluster
  url: string
  platform: Platform
  /** A gateway of that name, with an account of its own that may review, running in the cluster. */
  startMember(name: string, cluster: TestCluster): Promise<Member>
  createPool(name: string): Promise<string>
  addMember(gatewayPoolId: string, gatewayId: string): Promise<ApiReply>
  readPool(gatewayPoolId: string): Promise<PoolView>
  close(): Promise<void>
}

export interface Member {
  gatewayId: string
  account: { namespace: string; name: string }
  stop(signal?: NodeJS.Signals): Promise<void>
  /** With the credential that it has; in another cluster if one is given. */
  start(cluster?: TestCluster): Promise<void>
}

export interface PoolView {
  cluster: string | null
  healthyMemberCount: number
  gateways: { id: string; status: string; statusReason: string | null; cluster: string | null }[]
}

export async function createPoolWorld(kind: ClusterKind): Promise<PoolWorld> {
  const cleanup = new AsyncDisposableStack()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'postern-e2e-pool-'))
    cleanup.defer(() => rm(folder, { recursive: true, force: true }))
    // One after the other: API servers and databases that start at once keep each other from being ready in time.
    const controlPlane = await startTestControlPlane(folder)
    cleanup.defer(() => controlPlane.close())
    const home = await kind.start()
    cleanup.defer(() => home.close())
    const elsewhere = await kind.start()
    cleanup.defer(() => elsewhere.close())
    const { url } = controlPlane.process
    const platform = await bootstrap(url)
    const place = { folder, url, platform, cleanup }
    const world = {
      home,
      elsewhere,
      url,
      platform,
      startMember: (name: string, cluster: TestCluster) => startMember(place, name, cluster),
      createPool: async (name: string) =>
        textAt(expectOk(await platform.admin.post('/api/v1/gateway-pools', { name })), 'id'),
      addMember: (gatewayPoolId: string, gatewayId: string) =>
        platform.admin.post(`/api/v1/gateway-pools/${gatewayPoolId}/memberships`, { gatewayId }),
      readPool: async (gatewayPoolId: string) =>
        viewOf(expectOk(await platform.admin.get(`/api/v1/gateway-pools/${gatewayPoolId}`))),
    }
    // Of all that was opened, and of the members that are started later.
    return { ...world, close: () => cleanup.disposeAsync() }
  } catch (error) {
    await cleanup.disposeAsync()
    throw error
  }
}

interface Place {
  folder: string
  url: string
  platform: Platform
  cleanup: AsyncDisposableStack
}

async function startMember(place: Place, name: string, cluster: TestCluster): Promise<Member> {
  const { gatewayId, enrolmentToken } = await createGateway(place.platform, name)
  const account = { namespace: 'postern', name: `gateway-${name}` }
  let running: GatewayProcess | undefined
  let starts = 0
  const stop = async (signal?: NodeJS.Signals): Promise<void> => {
    await running?.end(signal)
    running = undefined
  }
  place.cleanup.defer(() => stop())
  const start = async (where = cluster, more: Partial<GatewayOptions> = {}): Promise<void> => {
    await where.createServiceAccount(account.namespace, account.name)
    await where.grantTokenReview(account.namespace, account.name)
    starts += 1
    const path = join(place.folder, `${name}-mounted-${starts}`)
    const mounted = await createServiceAccountFolder({ cluster: where, ...account, path })
    running = await startGateway({
      controlPlaneUrl: place.url,
      kubernetesUrl: where.url,
      serviceAccountFolder: mounted.path,
      credential: `file:${join(place.folder, name, 'credential.json')}`,
      ...more,
    })
  }
  await start(cluster, { enrolmentToken })
  return { gatewayId, account, stop, start: (where) => start(where) }
}

function viewOf(body: JsonObject): PoolView {
  return body as unknown as PoolView
}

const patienceMs = 20_000

/** Until `check` holds: what a process learns from another one takes a moment. */
export async function eventually<Result>(check: () => Promise<Result>): Promise<Result> {
  const deadlineAt = performance.now() + patienceMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > deadlineAt) throw error
      await sleep(100)
    }
  }
}

/** Until that many members of the pool would review. */
export async function untilHealthy(world: PoolWorld, gatewayPoolId: string, count: number): Promise<void> {
  await eventually(async () => {
    const { healthyMemberCount, gateways } = await world.readPool(gatewayPoolId)
    if (healthyMemberCount !== count) throw new Error(`not ${count} healthy: ${JSON.stringify(gateways)}`)
  })
}
