import { ApiServerConnection } from './api-server/api-server-connection.ts'
import { keepWarm } from './api-server/keep-warm.ts'
import { ServiceAccountFolder } from './api-server/service-account-folder.ts'
import type { GatewayConfig } from './config.ts'
import { createFileCredentialStore } from './credential/credential-store-file.ts'
import { createSecretCredentialStore } from './credential/credential-store-secret.ts'
import type { CredentialStore } from './credential/credential-store.ts'
import type { GatewayDependencies } from './gateway-dependencies.ts'
import { GatewayLifecycle, type GatewayEnd } from './gateway-lifecycle.ts'
import { createGatewayMetrics, type GatewayMetrics } from './health/gateway-metrics.ts'
import { startHealthServer } from './health/health-server.ts'
import { readinessOf, type GatewayState } from './health/readiness.ts'
import { joinControlPlane } from './join-control-plane.ts'
import { openReviews, type Reviews } from './open-reviews.ts'

export interface Gateway {
  readonly state: GatewayState
  /** Resolves when the gateway is closed, or refused for good. Rejects only on a bug. */
  readonly ended: Promise<GatewayEnd>
  /**
   * Answers health checks, then enrols if needed and keeps its tunnels, in the background. To be called once. Rejects with
   * an error that names the remedy where it cannot even begin; `close()` is needed then too.
   */
  start(): Promise<{ healthPort: number }>
  /** Stops in named phases, each bounded in time. May be called again. */
  close(): Promise<void>
}

const reviewsGraceMs = 2_000

export function createGateway(config: GatewayConfig, dependencies: GatewayDependencies): Gateway {
  const lifecycle = new GatewayLifecycle(dependencies.log)
  return {
    get state() {
      return lifecycle.state
    },
    ended: lifecycle.ended,
    start: () => start(config, dependencies, lifecycle),
    close: () => lifecycle.close(),
  }
}

async function start(
  config: GatewayConfig,
  dependencies: GatewayDependencies,
  lifecycle: GatewayLifecycle,
): Promise<{ healthPort: number }> {
  const { log, timing } = dependencies
  const metrics = createGatewayMetrics()
  const opened: { reviews?: Reviews } = {}
  const health = await startHealthServer({
    listen: config.listen,
    readiness: () => readinessOf(lifecycle.state, opened.reviews?.health.current()),
    registry: metrics.registry,
  })
  lifecycle.closeLater({ name: 'health endpoints', msMax: 1_000, close: () => health.close() })
  log.info({ port: health.port, version: dependencies.version }, 'health endpoints are up')

  const account = new ServiceAccountFolder({
    path: config.kubernetes.serviceAccountFolder,
    now: () => timing.elapsed(),
    onUnreadable: ({ message }) => log.warn({ detail: message }, 'the service account cannot be read again'),
  })
  await account.current()
  const connection = new ApiServerConnection({
    url: config.kubernetes.url,
    account,
    now: () => timing.elapsed(),
  })
  lifecycle.closeLater({
    name: 'API server connections',
    msMax: reviewsGraceMs + 1_000,
    close: () => connection.close(reviewsGraceMs),
  })
  keepConnectionsWarm(connection, metrics, dependencies, lifecycle)
  const reviews = openReviews({ connection, account, metrics, log, timing, lifecycle })
  opened.reviews = reviews

  const store = await chooseStore(config, connection, account)
  lifecycle.run(await joinControlPlane({ config, dependencies, metrics, reviews, store, lifecycle }))
  return { healthPort: health.port }
}

function keepConnectionsWarm(
  connection: ApiServerConnection,
  metrics: GatewayMetrics,
  { log, timing }: GatewayDependencies,
  lifecycle: GatewayLifecycle,
): void {
  const warming = keepWarm({
    warm: (connections, timeoutMs) => connection.warm(connections, timeoutMs),
    sleep: (ms, signal) => timing.sleep(ms, signal),
    signal: lifecycle.stop.signal,
    onReachable: (outcome) => {
      const { url } = connection
      metrics.apiServerReachable.set(outcome.kind === 'answer' ? 1 : 0)
      if (outcome.kind === 'answer') log.info({ url }, 'the API server answers')
      else log.warn({ url, detail: outcome.detail }, 'the API server does not answer')
    },
  })
  lifecycle.closeLater({ name: 'warm connections', msMax: 3_000, close: () => warming })
}

async function chooseStore(
  { credential }: GatewayConfig,
  connection: ApiServerConnection,
  account: ServiceAccountFolder,
): Promise<CredentialStore> {
  if (credential.kind === 'file') return createFileCredentialStore(credential.path)
  const namespace = await account.namespace()
  return createSecretCredentialStore({ connection, namespace, name: credential.name })
}
