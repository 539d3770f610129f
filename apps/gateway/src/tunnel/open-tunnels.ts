import { randomUUID } from 'node:crypto'
import { features, gatewayLimits, protocolLimits, type PeerLimits } from '@postern/protocol'
import type { ConnectTo } from '../http/control-plane-connections.ts'
import type { Announcement } from './announcement.ts'
import { ClockCorrection } from './clock-correction.ts'
import type { InFlight } from './in-flight.ts'
import {
  createReachControlPlane,
  type ReachControlPlane,
  type TunnelCredential,
} from './reach-control-plane.ts'
import { keepKeyRotating, type KeyRotation } from './rotate-key-over-tunnel.ts'
import type { LeaveLimits, TunnelSession } from './session.ts'
import type { TunnelEnd, TunnelLog } from './supervisor.ts'
import { systemTiming, type Timing } from './timing.ts'
import { noObserver, type TunnelObserver } from './tunnel-observer.ts'
import { TunnelSet } from './tunnel-set.ts'
import type { TunnelState } from './tunnel-state.ts'

export interface TunnelsOptions {
  /** `https://postern.example.com`, or http for development. */
  controlPlaneUrl: string
  credential: TunnelCredential
  connectTo: ConnectTo
  /** The process's reviews, of which each tunnel carries a part. */
  inFlight: InFlight
  log: TunnelLog
  /** This build's version, for operators to read. */
  software: string
  /** Tunnels of this process, to different replicas where there are several. */
  slots?: number
  /** Random per process; made here when absent. */
  instanceId?: string
  /** For the whole way from the name look-up to Welcome, in milliseconds. */
  connectTimeoutMs?: number
  /** As `inFlight` has them, for the control plane to know. */
  reviewsInFlightMax?: number
  reviewsQueuedMax?: number
  /** What the control plane is told of this gateway. */
  announcements?: readonly Announcement[]
  /** Makes what dials and serves connections for raw streams. Absent: this gateway has none. */
  createStreams?: (reach: ReachControlPlane) => TunnelStreams
  /** Absent: the key stays. */
  keyRotation?: { rotation: KeyRotation; everyMs: number }
  leaveLimits?: Partial<LeaveLimits>
  timing?: Timing
  observer?: TunnelObserver
}

export interface TunnelStreams {
  /** The control plane asks for a connection. Returns at once. */
  dial(ticket: Uint8Array): void
  close(): Promise<void>
}

/** Tunnels that keep themselves up. */
export interface Tunnels {
  /** By slot. */
  states: () => readonly TunnelState[]
  /** Those that serve, of each slot one. */
  sessions: () => readonly TunnelSession[]
  /** Resolves when the tunnels are refused for good, or closed. Never rejects. */
  ended: Promise<TunnelEnd>
  /** Lets the control plane know, finishes what is in flight, and goes; bounded in time. */
  close: () => Promise<void>
}

const slotsDefault = 2
const credentialRereadMs = 30_000

/** Opens the tunnels to the control plane and keeps them open. Returns at once. */
export function openTunnels(options: TunnelsOptions): Tunnels {
  const { credential, log, keyRotation } = options
  const timing = options.timing ?? systemTiming
  const stop = new AbortController()
  const reach = createReachControlPlane({
    ...options,
    clock: new ClockCorrection(() => timing.now()),
    instanceId: options.instanceId ?? randomUUID(),
    features: featuresOf(options),
    limits: limitsOf(options),
  })
  const streams = options.createStreams?.(reach)
  const set = new TunnelSet({
    slots: options.slots ?? slotsDefault,
    reach,
    credential,
    inFlight: options.inFlight,
    announcements: options.announcements ?? [],
    onDialStreams: (ticket) => streams?.dial(ticket),
    leaveLimits: options.leaveLimits,
    timing,
    log,
    observer: options.observer ?? noObserver,
  })
  const watching = [watchCredential(credential, timing, stop.signal)]
  if (keyRotation !== undefined) {
    watching.push(keepKeyRotating({ ...keyRotation, credential, set, timing, log, stop: stop.signal }))
  }
  return {
    states: () => set.states,
    sessions: () => set.sessions,
    ended: set.ended,
    close: async () => {
      stop.abort()
      await set.close()
      await Promise.all([...watching, streams?.close()])
    },
  }
}

/** Another process on the same store may have rotated the key. */
async function watchCredential(
  credential: TunnelCredential,
  timing: Timing,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    await timing.sleep(credentialRereadMs, stop)
    if (!stop.aborted) await credential.reread()
  }
}

function featuresOf({ createStreams, keyRotation }: TunnelsOptions): number {
  return (
    features.reviews |
    features.drain |
    (createStreams === undefined ? 0 : features.streams) |
    (keyRotation === undefined ? 0 : features.rotation)
  )
}

function limitsOf(options: TunnelsOptions): PeerLimits {
  return {
    frameBytesMax: protocolLimits.frameBytesMax,
    tokenBytesMax: protocolLimits.tokenBytesMax,
    reviewsInFlightMax: options.reviewsInFlightMax ?? gatewayLimits.reviewsInFlightMax,
    reviewsQueuedMax: options.reviewsQueuedMax ?? gatewayLimits.reviewsQueuedMax,
  }
}
