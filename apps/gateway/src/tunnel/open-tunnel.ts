import { randomUUID } from 'node:crypto'
import { gatewayLimits, protocolLimits, type PeerLimits } from '@postern/protocol'
import type { ConnectTo } from '../http/control-plane-connections.ts'
import type { ReviewToken } from '../token-review/review-token.ts'
import { ClockCorrection } from './clock-correction.ts'
import { dial } from './dial.ts'
import { handshake } from './handshake.ts'
import { InFlight } from './in-flight.ts'
import type { RoundOutcome, TunnelRefusal } from './outcome.ts'
import { serveSession, type SessionOptions } from './session.ts'
import { signGatewayJwt, type GatewayCredential } from './sign-gateway-jwt.ts'
import { Supervisor, type Round, type TunnelEnd, type TunnelLog } from './supervisor.ts'
import { systemTiming, type Timing } from './timing.ts'
import type { TunnelState } from './tunnel-state.ts'
import { tunnelAddress } from './tunnel-url.ts'

export interface TunnelOptions {
  /** `https://postern.example.com`, or http for development. */
  controlPlaneUrl: string
  /** Asked anew for every dial, because keys rotate. */
  credential: () => GatewayCredential
  reviewToken: ReviewToken
  log: TunnelLog
  /** This build's version, for operators to read. */
  software: string
  /** Random per process; made here when absent. */
  instanceId?: string
  connectTo: ConnectTo
  /** For the whole way from the name look-up to Welcome, in milliseconds. */
  connectTimeoutMs?: number
  reviewsInFlightMax?: number
  reviewsQueuedMax?: number
  timing?: Timing
  onState?: (state: TunnelState) => void
}

/** A tunnel that keeps itself up. */
export interface Tunnel {
  state: () => TunnelState
  /** Resolves when the tunnel is refused for good, or closed. Never rejects. */
  ended: Promise<TunnelEnd>
  close: () => Promise<void>
}

const connectTimeoutMsDefault = 10_000

/** Opens the tunnel to the control plane and keeps it open. Returns at once. */
export function openTunnel(options: TunnelOptions): Tunnel {
  const timing = options.timing ?? systemTiming
  const supervisor = new Supervisor({
    round: createRound(options, timing),
    timing,
    log: options.log,
    ...(options.onState === undefined ? {} : { onState: options.onState }),
  })
  return {
    state: () => supervisor.state,
    ended: supervisor.ended,
    close: () => supervisor.close(),
  }
}

function createRound(options: TunnelOptions, timing: Timing): (round: Round) => Promise<RoundOutcome> {
  const address = tunnelAddress(options.controlPlaneUrl)
  const instanceId = options.instanceId ?? randomUUID()
  const clock = new ClockCorrection(() => timing.now())
  const limits = limitsOf(options)
  const elapsed = (): number => timing.elapsed()
  const inFlight = new InFlight({ ...limits, reviewToken: options.reviewToken, elapsed })
  const refused = (refusal: TunnelRefusal, round: Round): RoundOutcome => {
    const offsetMs = clock.correctBy(refusal)
    if (offsetMs === undefined || round.clockCorrected) return { kind: 'refused', refusal }
    return { kind: 'clock-off', offsetMs, refusal }
  }

  return async (round) => {
    const deadline = AbortSignal.timeout(options.connectTimeoutMs ?? connectTimeoutMsDefault)
    const dialled = await dial({
      url: address.url,
      bearer: () => signGatewayJwt(options.credential(), address.origin, clock.now()),
      connectTo: options.connectTo,
      deadline,
      stop: round.stop,
    })
    if (dialled.kind === 'refused') return refused(dialled.refusal, round)
    if (dialled.kind !== 'connected') return dialled

    const { socket } = dialled
    const greeted = await handshake(socket, {
      host: new URL(address.url).host,
      instanceId,
      epoch: round.epoch,
      software: options.software,
      limits,
      slot: 0,
      purpose: 'reviews',
      ticket: new Uint8Array(0),
      deadline,
      stop: round.stop,
    })
    if (greeted.kind === 'refused') return refused(greeted.refusal, round)
    if (greeted.kind !== 'welcomed') return greeted

    const { welcome } = greeted
    clock.learn(welcome.serverTimeMs)
    options.log.info({ replicaId: welcome.replicaId, epoch: round.epoch }, 'the tunnel is up')
    round.welcomed(welcome.replicaId)
    return served({ socket, welcome, inFlight, elapsed, stop: round.stop })
  }
}

async function served(session: SessionOptions): Promise<RoundOutcome> {
  const since = session.elapsed()
  const end = await serveSession(session)
  return end.kind === 'stopped' ? end : { kind: 'served', end, servedMs: session.elapsed() - since }
}

function limitsOf(options: TunnelOptions): PeerLimits {
  return {
    frameBytesMax: protocolLimits.frameBytesMax,
    tokenBytesMax: protocolLimits.tokenBytesMax,
    reviewsInFlightMax: options.reviewsInFlightMax ?? gatewayLimits.reviewsInFlightMax,
    reviewsQueuedMax: options.reviewsQueuedMax ?? gatewayLimits.reviewsQueuedMax,
  }
}
