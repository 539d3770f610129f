import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  createServiceAccountFolder,
  type ServiceAccountFolder,
} from '@postern/testing/service-account-folder'
import type { TestCluster } from '@postern/testing/test-cluster'
import { startControlPlane, type ControlPlaneProcess } from '../../processes/control-plane-process.ts'
import { spawnGateway, startGateway, type GatewayProcess } from '../../processes/gateway-process.ts'
import {
  attachKubernetesAuth,
  bootstrap,
  createGateway,
  createIdentity,
  type Platform,
} from '../../processes/platform.ts'
import { expectOk, textAt } from '../../processes/postern-api.ts'
import type { Workload } from '../load/login-load.ts'
import { openCluster } from './open-cluster.ts'
import { redirection } from './redirection.ts'
import { createDatabase, openPostgres } from './start-postgres.ts'
import { createWorkFolder } from './work-folder.ts'

export interface ChaosWorldOptions {
  say(line: string): void
  /** By default `openCluster()`; ended with the world. */
  cluster?: TestCluster
  /** Of the control plane, beside what every experiment sets. */
  environment?: Record<string, string>
  /** What stands before the control plane, known before it starts: its own port, and the URL that gateways dial. */
  front?: { port: number; publicUrl: string }
}

/** Control plane, PostgreSQL and a cluster, each its own process. Disposing ends all of it, whatever state it is in. */
export interface ChaosWorld extends FurnishedWorld {
  readonly controlPlane: ControlPlaneProcess
}

/** What every world has, whatever its control planes are. */
export interface FurnishedWorld extends AsyncDisposable {
  readonly cluster: TestCluster
  readonly folder: string
  readonly platform: Platform
  addGateway(name: string): Promise<WorldGateway>
  /** @returns the pool's id */
  addPool(name: string, gateways: readonly { gatewayId: string }[]): Promise<string>
  /** An identity whose tokens the gateway or the pool reviews, and tokens of some pods of it. */
  addWorkload(reviewer: { gatewayId: string } | { gatewayPoolId: string }): Promise<Workload>
  /** Ended with the world, last first. */
  defer(end: () => Promise<unknown>): void
}

/** A gateway that is known to the control plane; its processes share one credential. */
export interface WorldGateway {
  readonly gatewayId: string
  readonly name: string
  readonly serviceAccount: ServiceAccountFolder
  /** Resolves when the tunnel is up. The first start enrols. */
  start(options?: StartOptions): Promise<GatewayProcess>
  /** The same without waiting, for one that is not expected to come up. */
  spawn(options?: StartOptions): Promise<GatewayProcess>
}

export interface StartOptions {
  /** The relay that stands between this process and the control plane. */
  through?: { address: string }
  environment?: Record<string, string>
}

const podsPerWorkload = 20

export async function createChaosWorld(options: ChaosWorldOptions): Promise<ChaosWorld> {
  await using building = new AsyncDisposableStack()
  const folder = await createWorkFolder()
  building.defer(() => folder.close())
  const [cluster, postgres] = await Promise.all([options.cluster ?? openCluster(), openPostgres()])
  building.defer(() => cluster.close())
  building.defer(() => postgres.close())
  const database = await createDatabase(postgres)
  building.defer(() => database.close())
  const controlPlane = await startControlPlane({
    databaseUrl: database.url,
    rootKey: randomBytes(32).toString('base64'),
    ...(options.front === undefined ? {} : { port: options.front.port }),
    environment: {
      ...(options.front === undefined ? {} : { POSTERN_URL: options.front.publicUrl }),
      POSTERN_LOGINS_PER_MINUTE_PER_IP: '0',
      POSTERN_FAILED_LOGINS_PER_MINUTE_PER_IDENTITY: '0',
      POSTERN_WRITES_PER_MINUTE_PER_ACTOR: '0',
      ...options.environment,
    },
  })
  building.defer(async () => void (await controlPlane.end('SIGKILL')))
  const platform = await bootstrap(controlPlane.url)
  options.say(`control plane at ${controlPlane.url}, reviews by ${cluster.name}`)
  const publicUrl = options.front?.publicUrl ?? controlPlane.url
  const stack = building.move()
  return { ...furnishWorld({ cluster, folder: folder.path, publicUrl, platform, stack }), controlPlane }
}

/** What an experiment puts into a world whose control plane runs; `stack` becomes the world's. */
export function furnishWorld(place: Omit<Around, 'namespace'>): FurnishedWorld {
  const { cluster, folder, platform, stack } = place
  const around = { ...place, namespace: `chaos-${randomBytes(4).toString('hex')}` }
  return {
    cluster,
    folder,
    platform,
    addGateway: (name) => addGateway(around, name),
    addPool: (name, gateways) => addPool(platform, name, gateways),
    addWorkload: (reviewer) => addWorkload(around, reviewer),
    defer: (end) => stack.defer(async () => void (await end())),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

interface Around {
  cluster: TestCluster
  folder: string
  /** Of the control plane, as gateways dial it. */
  publicUrl: string
  platform: Platform
  /** Of the gateways and pods of this world: the cluster may serve other worlds, too. */
  namespace: string
  stack: AsyncDisposableStack
}

async function addGateway(around: Around, name: string): Promise<WorldGateway> {
  const { cluster, folder, publicUrl, platform, namespace, stack } = around
  const { gatewayId, enrolmentToken } = await createGateway(platform, name)
  const account = { namespace, name }
  await cluster.createServiceAccount(namespace, name)
  await cluster.grantTokenReview(namespace, name)
  const serviceAccount = await createServiceAccountFolder({
    cluster,
    ...account,
    path: join(folder, name, 'service-account'),
  })
  let isEnrolled = false
  async function run(
    begin: typeof startGateway,
    { through, environment = {} }: StartOptions,
  ): Promise<GatewayProcess> {
    const started = await begin({
      controlPlaneUrl: publicUrl,
      kubernetesUrl: cluster.url,
      serviceAccountFolder: serviceAccount.path,
      credential: `file:${join(folder, name, 'credential.json')}`,
      ...(isEnrolled ? {} : { enrolmentToken }),
      environment: { ...(through === undefined ? {} : redirection(publicUrl, through)), ...environment },
    })
    stack.defer(async () => void (await started.end('SIGKILL')))
    return started
  }
  return {
    gatewayId,
    name,
    serviceAccount,
    async start(options = {}) {
      const started = await run(startGateway, options)
      isEnrolled = true
      return started
    },
    spawn: (options = {}) => run(spawnGateway, options),
  }
}

async function addPool(
  platform: Platform,
  name: string,
  gateways: readonly { gatewayId: string }[],
): Promise<string> {
  const pool = expectOk(await platform.admin.post('/api/v1/gateway-pools', { name }))
  const poolId = textAt(pool, 'id')
  for (const { gatewayId } of gateways) {
    expectOk(await platform.admin.post(`/api/v1/gateway-pools/${poolId}/memberships`, { gatewayId }))
  }
  return poolId
}

async function addWorkload(
  { cluster, platform, namespace }: Around,
  reviewer: { gatewayId: string } | { gatewayPoolId: string },
): Promise<Workload> {
  const name = `pod-${randomBytes(4).toString('hex')}`
  const identityId = await createIdentity(platform, name)
  await attachKubernetesAuth(platform, identityId, {
    tokenReviewMode: 'gateway',
    ...reviewer,
    allowedNamespaces: namespace,
    allowedNames: `${name}-*`,
    accessTokenTTL: 600,
    accessTokenMaxTTL: 3600,
  })
  const tokens: string[] = []
  for (let index = 0; index < podsPerWorkload; index += 1) {
    const pod = { namespace, name: `${name}-${index}` }
    await cluster.createServiceAccount(pod.namespace, pod.name)
    tokens.push(await cluster.mintToken(pod))
  }
  return { identityId, tokens }
}
