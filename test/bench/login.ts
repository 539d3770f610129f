/**
 * `pnpm bench login`: logins in gateway mode over HTTP, with PostgreSQL, audit and logs on, each part its own process:
 * this one sends, beside it control plane, PostgreSQL, gateway and the stand-in API server. The baseline is the same
 * reviews sent straight to the API server over pooled connections; the floors are an HTTP server that does nothing, and
 * the least program that logs in (bare-login.ts), in the same run.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildTokenReview, tokenReviewPath } from '@postern/token-review'
import { startStandInProcess } from '@postern/testing/stand-in-process'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import type { TestCluster } from '@postern/testing/test-cluster'
import { startControlPlane, type ControlPlaneProcess } from '../processes/control-plane-process.ts'
import { startGateway, type GatewayProcess } from '../processes/gateway-process.ts'
import { attachKubernetesAuth, bootstrap, createGateway, createIdentity } from '../processes/platform.ts'
import { measureBareHttp } from './bare-http.ts'
import { createBareLoginDatabase } from './bare-login-database.ts'
import { measureBareLogin } from './bare-login.ts'
import { runClosedLoop, type LoadFigures } from './closed-loop.ts'
import { openConnections } from './connections.ts'
import { findPostgresPid, type LoginParts, measureLoginCpu } from './login-cpu.ts'
import { prepareHttpPost } from './http-caller.ts'

export interface LoginBenchOptions {
  inFlight: number
  seconds: number
  /** Where control plane and gateway write CPU profiles when they end, to look at in a browser's developer tools. */
  profileFolder?: string
  /** Progress for the person who waits; the result is the caller's to print. */
  say(line: string): void
}

const accountCount = 100
/** Until then much runs uncompiled, and the compiler's own threads take a fifth of the CPU: figures halve until about here. */
const warmUpSeconds = 30
const bareHttpWarmUpSeconds = 8
const loginPath = '/api/v1/auth/kubernetes-auth/login'

export async function benchLogin(options: LoginBenchOptions): Promise<Record<string, unknown>> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  const cluster = await startStandInProcess({ isLean: true })
  cleanup.defer(() => cluster.close())
  const tokens = await mintTokens(cluster)
  const profiling =
    options.profileFolder === undefined
      ? {}
      : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${options.profileFolder}` }
  const controlPlane = await startControlPlane({
    dataFolder: join(folder, 'control-plane'),
    environment: {
      ...profiling,
      POSTERN_LOGINS_PER_MINUTE_PER_IP: '0',
      POSTERN_FAILED_LOGINS_PER_MINUTE_PER_IDENTITY: '0',
    },
  })
  cleanup.defer(async () => void (await controlPlane.end()))
  const { gateway, identityId, serviceAccountFolder } = await setUp(controlPlane, cluster, folder, profiling)
  cleanup.defer(async () => void (await gateway.end()))

  options.say('the baseline: reviews straight to the API server')
  const direct = await measureDirect(cluster, tokens, options)
  options.say('the floor: an HTTP server that answers bodies of the same size and does nothing else')
  const bareHttp = await measureBareHttp({
    inFlight: options.inFlight,
    seconds: Math.max(2, options.seconds / 2),
    warmUpSeconds: bareHttpWarmUpSeconds,
    bodyBytes: tokens[0]?.length ?? 0,
  })
  const bareDatabaseUrl = await createBareLoginDatabase(join(folder, 'control-plane'))
  const parts = {
    controlPlane: controlPlane.pid,
    gateway: gateway.pid,
    apiServer: cluster.processId,
    postgres: await findPostgresPid(bareDatabaseUrl),
  }
  options.say(`the floor: the least program that logs in, after ${warmUpSeconds} s of warming up`)
  const bareLogin = await measureBareLogin({
    apiServerUrl: cluster.url,
    serviceAccountFolder,
    tokens,
    parts,
    databaseUrl: bareDatabaseUrl,
    inFlight: options.inFlight,
    seconds: options.seconds,
    warmUpSeconds,
  })
  options.say(`logins, after ${warmUpSeconds} s of warming up`)
  const login = await measureLogins({ controlPlane, parts, identityId, tokens }, options)
  const { p50Ms, p99Ms } = direct
  return {
    bench: 'login',
    inFlight: options.inFlight,
    ...login,
    direct: { reviewsPerSecond: direct.callsPerSecond, p50Ms, p99Ms },
    bareHttp,
    bareLogin,
  }
}

async function mintTokens(cluster: TestCluster): Promise<string[]> {
  const tokens: string[] = []
  for (let index = 0; index < accountCount; index += 1) {
    const account = { namespace: 'bench', name: `pod-${index}` }
    await cluster.createServiceAccount(account.namespace, account.name)
    tokens.push(await cluster.mintToken(account))
  }
  return tokens
}

async function setUp(
  controlPlane: ControlPlaneProcess,
  cluster: TestCluster,
  folder: string,
  environment: Record<string, string>,
): Promise<{ gateway: GatewayProcess; identityId: string; serviceAccountFolder: string }> {
  const platform = await bootstrap(controlPlane.url)
  const account = { namespace: 'postern', name: 'postern-gateway' }
  await cluster.createServiceAccount(account.namespace, account.name)
  await cluster.grantTokenReview(account.namespace, account.name)
  const mounted = await createServiceAccountFolder({
    cluster,
    ...account,
    path: join(folder, 'service-account'),
  })
  const { gatewayId, enrolmentToken } = await createGateway(platform, 'bench')
  const gateway = await startGateway({
    controlPlaneUrl: controlPlane.url,
    kubernetesUrl: cluster.url,
    serviceAccountFolder: mounted.path,
    credential: `file:${join(folder, 'gateway', 'credential.json')}`,
    enrolmentToken,
    environment,
  })
  const identityId = await createIdentity(platform, 'bench')
  await attachKubernetesAuth(platform, identityId, {
    tokenReviewMode: 'gateway',
    gatewayId,
    allowedNamespaces: 'bench',
    allowedNames: 'pod-*',
    accessTokenTTL: 600,
    accessTokenMaxTTL: 3600,
  })
  return { gateway, identityId, serviceAccountFolder: mounted.path }
}

async function measureDirect(
  cluster: TestCluster,
  tokens: readonly string[],
  options: LoginBenchOptions,
): Promise<LoadFigures> {
  const headers = { authorization: `Bearer ${cluster.adminToken}` }
  const requests = tokens.map((token) =>
    prepareHttpPost(cluster.url, tokenReviewPath, headers, JSON.stringify(buildTokenReview(token, []))),
  )
  const { call, close } = await openConnections(cluster, requests, 201, options.inFlight)
  try {
    await runClosedLoop({ inFlight: options.inFlight, seconds: 2, call })
    return await runClosedLoop({
      inFlight: options.inFlight,
      seconds: Math.max(2, options.seconds / 2),
      call,
    })
  } finally {
    close()
  }
}

async function measureLogins(
  world: {
    controlPlane: ControlPlaneProcess
    parts: LoginParts
    identityId: string
    tokens: readonly string[]
  },
  options: LoginBenchOptions,
): Promise<Record<string, number>> {
  const { controlPlane, identityId, tokens } = world
  const requests = tokens.map((jwt) =>
    prepareHttpPost(controlPlane.url, loginPath, {}, JSON.stringify({ identityId, jwt })),
  )
  const { call, close } = await openConnections(controlPlane, requests, 200, options.inFlight)
  try {
    await runClosedLoop({ inFlight: options.inFlight, seconds: warmUpSeconds, call })
    const cpuOf = measureLoginCpu(world.parts)
    const { calls, callsPerSecond, p50Ms, p99Ms } = await runClosedLoop({
      inFlight: options.inFlight,
      seconds: options.seconds,
      call,
    })
    return { loginsPerSecond: callsPerSecond, p50Ms, p99Ms, ...cpuOf(calls), logins: calls }
  } finally {
    close()
  }
}
