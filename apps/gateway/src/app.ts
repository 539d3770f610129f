import { ApiServerConnection } from './api-server/api-server-connection.ts'
import { keepWarm } from './api-server/keep-warm.ts'
import { ServiceAccountFolder } from './api-server/service-account-folder.ts'
import type { GatewayConfig } from './config.ts'
import { createFileCredentialStore } from './credential/credential-store-file.ts'
import { createSecretCredentialStore } from './credential/credential-store-secret.ts'
import type { CredentialStore } from './credential/credential-store.ts'
import { createEnrol } from './credential/enrol.ts'
import { obtainCredential } from './credential/obtain-credential.ts'
import { readEnrolmentToken } from './credential/read-enrolment-token.ts'
import { GatewayLifecycle, type GatewayEnd, type GatewayWork } from './gateway-lifecycle.ts'
import { createGatewayMetrics, type GatewayMetrics } from './health/gateway-metrics.ts'
import { startHealthServer } from './health/health-server.ts'
import { observeTunnel } from './health/observe-tunnel.ts'
import { readinessOf, type GatewayState } from './health/readiness.ts'
import { createConnectTo, createControlPlaneDispatcher } from './http/control-plane-connections.ts'
import { ControlPlaneTrust } from './http/control-plane-trust.ts'
import { openReviews, type Reviews } from './open-reviews.ts'
import { openTunnel } from './tunnel/open-tunnel.ts'
import type { Timing } from './tunnel/timing.ts'

export interface GatewayDependencies {
  log: GatewayLog
  timing: Timing
  /** This build's version. */
  version: string
}

/** A logger of pino's shape. */
export interface GatewayLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface Gateway {
  readonly state: GatewayState
  /** Resolves when the gateway is closed, or refused for good. Rejects only on a bug. */
  readonly ended: Promise<GatewayEnd>
  /**
   * Answers health checks, then enrols if needed and keeps a tunnel, in the background. To be called once. Rejects with
   * an error that names the remedy where it cannot even begin; `close()` is needed then too.
   */
  start(): Promise<{ healthPort: number }>
  /** Stops in named phases, each bounded in time. May be called again. */
  close(): Promise<void>
}

const reviewsGraceMs = 2_000
const enrolBackoffFirstMs = 500
const enrolBackoffMsMax = 30_000

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
  lifecycle.run(await joinWork({ config, dependencies, metrics, reviews, store, lifecycle }))
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

interface Parts {
  config: GatewayConfig
  dependencies: GatewayDependencies
  metrics: GatewayMetrics
  reviews: Reviews
  store: CredentialStore
  lifecycle: GatewayLifecycle
}

async function joinWork(parts: Parts): Promise<GatewayWork> {
  const { config, metrics, reviews, store, lifecycle } = parts
  const { log, timing, version } = parts.dependencies
  const { controlPlaneOrigin, outbound } = config
  const trust = await ControlPlaneTrust.open({ extraCaFile: outbound.extraCaFile, log })
  const connectTo = createConnectTo(outbound, trust)
  const dispatcher = createControlPlaneDispatcher(connectTo)
  lifecycle.closeLater({ name: 'control plane requests', msMax: 1_000, close: () => dispatcher.destroy() })
  return {
    obtainCredential: (signal) =>
      obtainCredential({
        store,
        enrol: createEnrol({ controlPlaneOrigin, dispatcher }),
        readEnrolmentToken: () => readEnrolmentToken(config.enrolmentToken),
        controlPlaneOrigin,
        log,
        backoffMs: (attempt) =>
          timing.random() * Math.min(enrolBackoffFirstMs * 2 ** Math.min(attempt, 10), enrolBackoffMsMax),
        sleep: (ms, signal) => timing.sleep(ms, signal),
        signal,
      }),
    openTunnel: (credential) =>
      openTunnel({
        controlPlaneUrl: controlPlaneOrigin,
        credential: () => credential,
        reviewToken: reviews.reviewToken,
        log,
        timing,
        software: version,
        connectTo,
        onState: observeTunnel(metrics),
      }),
  }
}
