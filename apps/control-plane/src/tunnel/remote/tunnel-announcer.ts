import type { GatewaySession } from '../gateway-session.ts'
import type { TunnelWatch } from '../tunnel-registry.ts'
import { type AnnouncedTunnel, presenceLimits, writePresence } from './presence.ts'
import { presenceTopic, type TunnelBus } from './tunnel-bus.ts'

export interface TunnelAnnouncerOptions {
  bus: Pick<TunnelBus, 'publish'>
  /** Of this process. */
  processId: string
  replicaId: string
  /** What others dial for raw streams. */
  streamAddress: () => string | undefined
  /** Makes a tunnel's reviews available to the others. @returns what ends it */
  serve: (session: GatewaySession) => () => void
  /** Whether anybody is there who would want to know. */
  hasHearers: () => boolean
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

interface OwnTunnel {
  session: GatewaySession
  stopServing: () => void
  /** As it was last told. */
  wasSuspect: boolean
}

/**
 * Tells the other replicas of this one's tunnels: of each when it comes, changes or ends, and of all again and again,
 * since what is said may be lost.
 */
export class TunnelAnnouncer implements TunnelWatch {
  readonly #options: TunnelAnnouncerOptions
  readonly #own = new Map<string, OwnTunnel>()
  /** To be told, in this order. */
  readonly #changed = new Set<OwnTunnel>()
  #gone: string[] = []
  #sequence = 0
  #flushing: NodeJS.Immediate | undefined

  constructor(options: TunnelAnnouncerOptions) {
    this.#options = options
  }

  has(tunnelId: string): boolean {
    return this.#own.has(tunnelId)
  }

  opened(session: GatewaySession): void {
    const own = { session, stopServing: this.#options.serve(session), wasSuspect: false }
    this.#own.set(session.tunnelId, own)
    this.#changed.add(own)
    this.#flushSoon()
  }

  changed({ tunnelId }: GatewaySession): void {
    const own = this.#own.get(tunnelId)
    if (own === undefined) return
    this.#changed.add(own)
    this.#flushSoon()
  }

  ended({ tunnelId }: GatewaySession): void {
    const own = this.#own.get(tunnelId)
    if (own === undefined) return
    own.stopServing()
    this.#own.delete(tunnelId)
    this.#changed.delete(own)
    this.#gone.push(tunnelId)
    this.#flushSoon()
  }

  /** Somebody has just come, or everything that was said lately is lost. */
  announceAll(): void {
    for (const own of this.#own.values()) this.#changed.add(own)
    this.#flushSoon()
  }

  /** Called every few seconds: says at least that this replica is there. */
  announceAgain(): void {
    if (!this.#options.hasHearers()) {
      this.#publish([], [], false)
      return
    }
    for (const own of this.#own.values()) this.#changed.add(own)
    this.#flush()
  }

  /** Called several times in a second: that a gateway has fallen silent is an event of no frame. */
  announceSuspects(): void {
    for (const own of this.#own.values())
      if (isSuspect(own.session) !== own.wasSuspect) this.#changed.add(own)
    if (this.#changed.size > 0) this.#flushSoon()
  }

  /** This replica stops. */
  leave(): void {
    clearImmediate(this.#flushing)
    for (const { stopServing } of this.#own.values()) stopServing()
    this.#own.clear()
    this.#changed.clear()
    this.#publish([], [], true)
  }

  #flushSoon(): void {
    this.#flushing ??= setImmediate(() => this.#flush())
  }

  /** A part of what is to be said; other work has its turn before the next. */
  #flush(): void {
    clearImmediate(this.#flushing)
    this.#flushing = undefined
    // Who comes asks for all of it.
    if (!this.#options.hasHearers()) {
      this.#changed.clear()
      this.#gone = []
      return
    }
    const gone = this.#gone.splice(0, presenceLimits.goneMax)
    const here: AnnouncedTunnel[] = []
    for (const own of this.#changed) {
      if (here.length >= presenceLimits.hereMax) break
      this.#changed.delete(own)
      own.wasSuspect = isSuspect(own.session)
      here.push(describe(own.session))
    }
    this.#publish(here, gone, false)
    if (this.#changed.size > 0 || this.#gone.length > 0) this.#flushSoon()
  }

  #publish(here: readonly AnnouncedTunnel[], gone: readonly string[], isLeaving: boolean): void {
    const { bus, processId, replicaId, elapsed } = this.#options
    this.#sequence += 1
    const sequence = this.#sequence
    const streamAddress = this.#options.streamAddress()
    const sentAtMs = elapsed()
    bus.publish(
      presenceTopic,
      writePresence({ processId, replicaId, streamAddress, sequence, sentAtMs, here, gone, isLeaving }),
    )
  }
}

/** One whose replica stops will soon end, so others are better. */
function isSuspect({ isSuspect: isSilent, state }: GatewaySession): boolean {
  return isSilent || state === 'asked-to-leave'
}

function describe(session: GatewaySession): AnnouncedTunnel {
  const { tunnelId, gatewayId, organizationId, instanceId, keyId, features, isRoutable } = session
  const { roundTripMs, health, cluster } = session
  const load = { inFlight: session.peer.inFlight, eventLoopLagMs: session.peer.eventLoopLagMs }
  return {
    tunnelId,
    gatewayId,
    organizationId,
    instanceId,
    keyId,
    features,
    isRoutable,
    isSuspect: isSuspect(session),
    roundTripMs,
    load,
    health,
    cluster,
  }
}
