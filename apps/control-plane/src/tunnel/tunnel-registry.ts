import type { HelloFrame } from '@postern/protocol'
import type { GatewaySession } from './gateway-session.ts'
import { ReturningGateways } from './returning-gateways.ts'
import { proofOfLifeMs } from './session-phase.ts'
import type { TunnelCensus } from './tunnel-observer.ts'

export interface TunnelRegistryOptions {
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  watch?: TunnelWatch
}

/** Told of each tunnel, synchronously; must not throw. */
export interface TunnelWatch {
  opened: (session: GatewaySession) => void
  /** It takes nothing new, or its gateway has said something of itself or its cluster. */
  changed: (session: GatewaySession) => void
  ended: (session: GatewaySession) => void
}

/** Many times what the processes of one gateway need; whoever has its credential could fill the memory otherwise. */
const tunnelsPerGatewayMax = 64
const none: readonly GatewaySession[] = []
const nobodyWatches: TunnelWatch = {
  opened: () => undefined,
  changed: () => undefined,
  ended: () => undefined,
}

/** One of the parallel tunnels of one process of a gateway. */
export type TunnelPlace = Pick<HelloFrame, 'instanceId' | 'slot'>

/**
 * The tunnels of this replica that have not ended, by gateway. The list of a gateway is never changed but replaced, so
 * that whoever walks through one may end tunnels meanwhile, and nobody needs a copy.
 */
export class TunnelRegistry {
  readonly #elapsed: () => number
  readonly #watch: TunnelWatch
  readonly #tunnels = new Map<string, readonly GatewaySession[]>()
  readonly #returning: ReturningGateways
  #size = 0

  constructor(options: TunnelRegistryOptions) {
    this.#elapsed = options.elapsed
    this.#watch = options.watch ?? nobodyWatches
    this.#returning = new ReturningGateways(options.elapsed)
  }

  /** How many tunnels there are, those included that take nothing new. */
  get size(): number {
    return this.#size
  }

  /** All of a gateway's tunnels, those included that take nothing new. */
  tunnelsOf(gatewayId: string): readonly GatewaySession[] {
    return this.#tunnels.get(gatewayId) ?? none
  }

  *all(): Iterable<GatewaySession> {
    for (const sessions of this.#tunnels.values()) yield* sessions
  }

  /** What the tunnels authenticated with, each credential once. */
  connected(): { gatewayId: string; keyId: string }[] {
    const credentials = new Map<string, { gatewayId: string; keyId: string }>()
    for (const { gatewayId, keyId } of this.all())
      credentials.set(`${gatewayId} ${keyId}`, { gatewayId, keyId })
    return [...credentials.values()]
  }

  /** The tunnel in the place that a new one is for, unless it takes nothing new anyway. */
  holderOf(gatewayId: string, place: TunnelPlace): GatewaySession | undefined {
    return this.tunnelsOf(gatewayId).find((session) => session.isRoutable && isAt(session, place))
  }

  /** Whether the gateway has as many tunnels as one may have; a new one in the place of an old one is none more. */
  isFull(gatewayId: string, place: TunnelPlace): boolean {
    return (
      this.tunnelsOf(gatewayId).length >= tunnelsPerGatewayMax &&
      this.holderOf(gatewayId, place) === undefined
    )
  }

  /** Takes a session in; the one that had its place takes nothing new, and ends when it has answered. */
  add(session: GatewaySession): void {
    const { gatewayId } = session
    const replaced = this.holderOf(gatewayId, session)
    this.#tunnels.set(gatewayId, [...this.tunnelsOf(gatewayId), session])
    this.#size += 1
    replaced?.finish('replaced')
    // What waits on it is asked elsewhere at once if it is dead, which is why the gateway has dialled again.
    if (replaced !== undefined && replaced.inFlight > 0) void replaced.isAlive(proofOfLifeMs)
    this.#returning.hasReturned(gatewayId)
    this.#watch.opened(session)
  }

  /** Of a session that is still there, and takes nothing new. */
  noteUnroutable(session: GatewaySession): void {
    const { gatewayId } = session
    if (!this.tunnelsOf(gatewayId).some(({ isRoutable }) => isRoutable)) this.#returning.hasLeft(gatewayId)
    this.#watch.changed(session)
  }

  /** Of a session whose gateway has said something of itself or its cluster. */
  noteReport(session: GatewaySession): void {
    this.#watch.changed(session)
  }

  remove(session: GatewaySession): void {
    const { gatewayId } = session
    const before = this.tunnelsOf(gatewayId)
    const left = before.filter((other) => other !== session)
    if (left.length === before.length) return
    this.#size -= 1
    if (left.length > 0) this.#tunnels.set(gatewayId, left)
    else this.#tunnels.delete(gatewayId)
    if (left.every(({ isRoutable }) => !isRoutable)) this.#returning.hasLeft(gatewayId)
    this.#watch.ended(session)
  }

  /** The gateway had a tunnel a moment ago, so it is worth waiting for. */
  isReturning(gatewayId: string): boolean {
    return this.#returning.isReturning(gatewayId)
  }

  /** Resolves when a tunnel of the gateway comes, the time is over, or the signal fires, whichever is first. */
  waitForTunnel(gatewayId: string, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#returning.wait(gatewayId, waitMs, signal)
  }

  /**
   * Closes the tunnels of a revoked or deleted gateway; with a key, only those that authenticated with it.
   * @returns how many there were
   */
  closeTunnelsOf(gatewayId: string, reason: string, keyId?: string): number {
    let closed = 0
    for (const session of this.tunnelsOf(gatewayId)) {
      if (keyId !== undefined && session.keyId !== keyId) continue
      session.close('revoked', reason)
      closed += 1
    }
    return closed
  }

  /** Nobody waits for a gateway any more: this replica leaves. */
  endWaiting(): void {
    this.#returning.endWaiting()
  }

  /** Walks through all tunnels: for metrics, not for logins. */
  census(): TunnelCensus {
    const now = this.#elapsed()
    const states = { serving: 0, suspect: 0, 'asked-to-leave': 0, finishing: 0 }
    const roundTripsMs = new Float64Array(this.#size)
    let known = 0
    let inFlight = 0
    let inFlightMax = 0
    let oldestSentAt = now
    for (const session of this.all()) {
      states[session.state] += 1
      inFlight += session.inFlight
      inFlightMax = Math.max(inFlightMax, session.inFlight)
      oldestSentAt = Math.min(oldestSentAt, session.oldestSentAt ?? now)
      if (session.roundTripMs !== undefined) roundTripsMs[known++] = session.roundTripMs
    }
    return {
      states,
      inFlight,
      inFlightMax,
      oldestUnansweredMs: now - oldestSentAt,
      roundTripsMs: roundTripsMs.subarray(0, known).sort(),
    }
  }
}

function isAt(session: TunnelPlace, { instanceId, slot }: TunnelPlace): boolean {
  return session.instanceId === instanceId && session.slot === slot
}
