import { clampText, protocolLimits } from '@postern/protocol'
import type { GatewayConfig } from './config.ts'
import { chooseEnrolment } from './credential/choose-enrolment.ts'
import { CredentialKeeper } from './credential/credential-keeper.ts'
import type { CredentialStore } from './credential/credential-store.ts'
import { obtainCredential } from './credential/obtain-credential.ts'
import { createKeyRotation } from './credential/rotate-key.ts'
import type { GatewayDependencies } from './gateway-dependencies.ts'
import type { GatewayLifecycle, GatewayWork } from './gateway-lifecycle.ts'
import type { GatewayMetrics } from './health/gateway-metrics.ts'
import { observeTunnels } from './health/observe-tunnel.ts'
import {
  createConnectTo,
  createControlPlaneDispatcher,
  type ConnectTo,
} from './http/control-plane-connections.ts'
import { ControlPlaneTrust } from './http/control-plane-trust.ts'
import type { Reviews } from './open-reviews.ts'
import { createDialHost } from './streams/dial-host.ts'
import { createServeStream } from './streams/serve-stream.ts'
import { SeldomLog } from './streams/seldom-log.ts'
import { StreamConnections } from './streams/stream-connections.ts'
import { announce, type Announcement } from './tunnel/announcement.ts'
import { openTunnels, type Tunnels, type TunnelsOptions } from './tunnel/open-tunnels.ts'

const now = (): Date => new Date()

export interface JoinOptions {
  config: GatewayConfig
  dependencies: GatewayDependencies
  metrics: GatewayMetrics
  reviews: Reviews
  store: CredentialStore
  lifecycle: Pick<GatewayLifecycle, 'closeLater'>
}

const enrolBackoffFirstMs = 500
const enrolBackoffMsMax = 30_000

/** All that goes to the control plane: enrolment, and the tunnels with what they carry. */
export async function joinControlPlane(options: JoinOptions): Promise<GatewayWork> {
  const { outbound } = options.config
  const { log } = options.dependencies
  const trust = await ControlPlaneTrust.open({ extraCaFile: outbound.extraCaFile, log })
  const connectTo = createConnectTo(outbound, trust)
  let keeper: CredentialKeeper | undefined
  return {
    obtainCredential: createObtainCredential(options, connectTo),
    openTunnels(credential) {
      keeper = new CredentialKeeper({ store: options.store, credential, log })
      return openTunnelsWith(keeper, options, connectTo)
    },
    keyToReplace: ({ code }) =>
      code === 'credential-unknown' && options.config.podEnrolment !== undefined
        ? keeper?.current.keyId
        : undefined,
  }
}

function createObtainCredential(
  { config, dependencies, reviews, store, lifecycle }: JoinOptions,
  connectTo: ConnectTo,
): GatewayWork['obtainCredential'] {
  const { log, timing } = dependencies
  const { controlPlaneOrigin } = config
  const dispatcher = createControlPlaneDispatcher(connectTo)
  lifecycle.closeLater({ name: 'control plane requests', msMax: 1_000, close: () => dispatcher.destroy() })
  return async (signal, unknownKeyId) => {
    const outcome = await obtainCredential({
      store,
      unknownKeyId,
      enrolment: chooseEnrolment(config, dispatcher),
      controlPlaneOrigin,
      log,
      now,
      backoffMs: (attempt) =>
        timing.random() * Math.min(enrolBackoffFirstMs * 2 ** Math.min(attempt, 10), enrolBackoffMsMax),
      sleep: (ms, stop) => timing.sleep(ms, stop),
      signal,
    })
    // T6: a tunnel says which cluster it leads to before it carries any verdict.
    await reviews.cluster.looked
    return outcome
  }
}

function openTunnelsWith(
  keeper: CredentialKeeper,
  { config, dependencies, metrics, reviews, store }: JoinOptions,
  connectTo: ConnectTo,
): Tunnels {
  const { log, timing, version } = dependencies
  return openTunnels({
    controlPlaneUrl: config.controlPlaneOrigin,
    credential: keeper,
    connectTo,
    inFlight: reviews.inFlight,
    announcements: announcementsOf(reviews),
    createStreams: createStreamsBy(config, dependencies, metrics),
    ...(config.keyRotationMs === undefined
      ? {}
      : {
          keyRotation: { rotation: createKeyRotation({ store, keeper, now }), everyMs: config.keyRotationMs },
        }),
    log,
    timing,
    software: version,
    observer: observeTunnels(metrics),
  })
}

function announcementsOf({ health, cluster }: Reviews): Announcement[] {
  return [
    announce(health, (report) => ({
      kind: 'health',
      ...report,
      detail: clampText(report.detail, protocolLimits.detailBytesMax),
    })),
    announce(cluster, (known) => ({ kind: 'cluster', ...known })),
  ]
}

function createStreamsBy(
  { allowedHosts }: GatewayConfig,
  { log, timing }: GatewayDependencies,
  metrics: GatewayMetrics,
): NonNullable<TunnelsOptions['createStreams']> {
  return (reach) => {
    const refusals = new SeldomLog({ log, elapsed: () => timing.elapsed() })
    const connections = new StreamConnections({
      reach,
      serveStream: createServeStream({
        allowedHosts,
        dialHost: createDialHost(),
        onRefused: (target, code, detail) => {
          metrics.streamsRefused.inc({ code })
          refusals.warn(code, { target, code, detail }, 'a stream was refused')
        },
      }),
      elapsed: () => timing.elapsed(),
      log,
    })
    metrics.countStreamsBy(() => connections.openStreams)
    return connections
  }
}
