import type { HelloFrame } from '@postern/protocol'
import type { GatewaySession } from './gateway-session.ts'

export interface TunnelRegistryOptions {
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/** For how long after its last tunnel ended a gateway counts as about to return, in milliseconds. */
const returningMs = 10_000
/** Many times what the processes of one gateway need; whoever has its credential could fill the memory otherwise. */
const tunnelsPerGatewayMax = 64
/** Logins that may wait for the return of one gateway. */
const waitersMax = 512

/** The live tunnels of this replica by gateway. */
export class TunnelRegistry {
  readonly #elapsed: () => number
  readonly #tunnels = new Map<string, Set<GatewaySession>>()
  /** When the last tunnel of a gateway ended; oldest first, dropped once of no interest. */
  readonly #endedAt = new Map<string, number>()
  readonly #waiters = new Map<string, Set<() => void>>()

  constructor(options: TunnelRegistryOptions) {
    this.#elapsed = options.elapsed
  }

  /** How many tunnels are live. */
  get size(): number {
    let size = 0
    for (const sessions of this.#tunnels.values()) size += sessions.size
    return size
  }

  tunnelsOf(gatewayId: string): readonly GatewaySession[] {
    return [...(this.#tunnels.get(gatewayId) ?? [])]
  }

  /** What the live tunnels authenticated with, each credential once. */
  connected(): { gatewayId: string; keyId: string }[] {
    const credentials = new Map<string, { gatewayId: string; keyId: string }>()
    for (const sessions of this.#tunnels.values()) {
      for (const { gatewayId, keyId } of sessions)
        credentials.set(`${gatewayId} ${keyId}`, { gatewayId, keyId })
    }
    return [...credentials.values()]
  }

  /** Whether this instance's newer epoch is already here. An equal epoch is not: the newer connection wins. */
  isSuperseded(gatewayId: string, { instanceId, epoch }: HelloFrame): boolean {
    const twin = this.#ofInstance(gatewayId, instanceId)
    return twin !== undefined && twin.epoch > epoch
  }

  /** Whether the gateway has as many tunnels as one may have; a new one in the place of an old one is none more. */
  isFull(gatewayId: string, { instanceId }: HelloFrame): boolean {
    const count = this.#tunnels.get(gatewayId)?.size ?? 0
    return count >= tunnelsPerGatewayMax && this.#ofInstance(gatewayId, instanceId) === undefined
  }

  /** Takes a session in, and closes the older one of its instance. */
  add(session: GatewaySession): void {
    const twin = this.#ofInstance(session.gatewayId, session.instanceId)
    const sessions = this.#tunnels.get(session.gatewayId) ?? new Set()
    this.#tunnels.set(session.gatewayId, sessions.add(session))
    twin?.close('replaced', 'a newer connection of this instance has come')
    this.#forgetOldEnds()
    const waiters = this.#waiters.get(session.gatewayId)
    this.#waiters.delete(session.gatewayId)
    for (const wake of waiters ?? []) wake()
  }

  remove(session: GatewaySession): void {
    const sessions = this.#tunnels.get(session.gatewayId)
    if (sessions?.delete(session) !== true || sessions.size > 0) return
    this.#tunnels.delete(session.gatewayId)
    this.#endedAt.delete(session.gatewayId)
    this.#endedAt.set(session.gatewayId, this.#elapsed())
    this.#forgetOldEnds()
  }

  /** The tunnel to ask: one that was heard lately before one that was not, then the one with fewest in flight. */
  choose(gatewayId: string, except?: GatewaySession): GatewaySession | undefined {
    let best: GatewaySession | undefined
    for (const session of this.#tunnels.get(gatewayId) ?? []) {
      if (session === except) continue
      if (best === undefined || isBetter(session, best)) best = session
    }
    return best
  }

  /** The gateway had a tunnel a moment ago, so it is worth waiting for. */
  isReturning(gatewayId: string): boolean {
    const endedAt = this.#endedAt.get(gatewayId)
    return endedAt !== undefined && this.#elapsed() - endedAt < returningMs
  }

  /** Resolves when a tunnel of the gateway comes, the time is over, or the signal fires, whichever is first. */
  waitForTunnel(gatewayId: string, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const waiters = this.#waiters.get(gatewayId) ?? new Set()
    if (waiters.size >= waitersMax || signal?.aborted === true) return Promise.resolve()
    this.#waiters.set(gatewayId, waiters)
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        waiters.delete(wake)
        if (waiters.size === 0 && this.#waiters.get(gatewayId) === waiters) this.#waiters.delete(gatewayId)
        resolve()
      }
      const timer = setTimeout(wake, waitMs)
      signal?.addEventListener('abort', wake)
      waiters.add(wake)
    })
  }

  /**
   * Closes the tunnels of a revoked or deleted gateway; with a key, only those that authenticated with it.
   * @returns how many there were
   */
  closeTunnelsOf(gatewayId: string, reason: string, keyId?: string): number {
    const sessions = this.tunnelsOf(gatewayId).filter(
      (session) => keyId === undefined || session.keyId === keyId,
    )
    for (const session of sessions) session.close('revoked', reason)
    return sessions.length
  }

  /** Closes all, because this replica stops; resolves when the connections are gone. */
  async close(): Promise<void> {
    const sessions = [...this.#tunnels.keys()].flatMap((gatewayId) => this.tunnelsOf(gatewayId))
    for (const session of sessions) session.close('shutting-down', 'this replica is stopping')
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake()
    await Promise.all(sessions.map((session) => session.closed))
  }

  #ofInstance(gatewayId: string, instanceId: string): GatewaySession | undefined {
    for (const session of this.#tunnels.get(gatewayId) ?? []) {
      if (session.instanceId === instanceId) return session
    }
    return undefined
  }

  #forgetOldEnds(): void {
    const now = this.#elapsed()
    for (const [gatewayId, endedAt] of this.#endedAt) {
      if (now - endedAt < returningMs) return
      this.#endedAt.delete(gatewayId)
    }
  }
}

function isBetter(one: GatewaySession, other: GatewaySession): boolean {
  if (one.isSuspect !== other.isSuspect) return other.isSuspect
  return one.inFlight < other.inFlight
}
