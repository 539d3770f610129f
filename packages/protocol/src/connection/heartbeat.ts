import type { Frame, PingFrame, PongFrame } from '../frames.ts'

export const heartbeatDefaults = {
  pingIntervalMs: 3000,
  /** Intervals in a row in which nothing was heard, after which the other side is taken for dead. */
  missesMax: 2,
} as const

export interface HeartbeatOptions {
  intervalMs: number
  send: (frame: Frame) => void
  /** Reviews in flight on this side. */
  inFlight: () => number
  /** The other side is silent. Called once. */
  silent: () => void
}

/** What the other side says of itself. */
export interface PeerLoad {
  inFlight: number
  eventLoopLagMs: number
}

/**
 * Pings, and notices a peer that has fallen silent: any frame proves life, two intervals without one prove death. An
 * interval that this process itself slept through proves nothing, because what arrived meanwhile is still unread.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #timer: NodeJS.Timeout
  #dueAt: number
  #heard = true
  #misses = 0
  #nonce = 0
  #sentAt = 0
  #lagMs = 0
  #roundTripMs: number | undefined
  #peer: PeerLoad = { inFlight: 0, eventLoopLagMs: 0 }

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#dueAt = performance.now() + options.intervalMs
    this.#timer = setInterval(() => {
      this.#beat()
    }, options.intervalMs)
    this.#ping()
  }

  /** Milliseconds from the last answered Ping to its Pong. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs
  }

  get peer(): PeerLoad {
    return this.#peer
  }

  /** Nothing was heard for the last interval: the other side may be gone. */
  get isSuspect(): boolean {
    return this.#misses > 0
  }

  /** Any frame has come. */
  heard(): void {
    this.#heard = true
  }

  onPing(ping: PingFrame): void {
    this.#peer = { inFlight: ping.inFlight, eventLoopLagMs: ping.eventLoopLagMs }
    this.#options.send({ kind: 'pong', nonce: ping.nonce, ...this.#load() })
  }

  onPong(pong: PongFrame): void {
    this.#peer = { inFlight: pong.inFlight, eventLoopLagMs: pong.eventLoopLagMs }
    if (pong.nonce === this.#nonce) this.#roundTripMs = performance.now() - this.#sentAt
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    const { intervalMs, silent } = this.#options
    const now = performance.now()
    this.#lagMs = Math.max(0, now - this.#dueAt)
    this.#dueAt = now + intervalMs
    const slept = this.#lagMs > intervalMs / 2
    if (this.#heard) this.#misses = 0
    else if (!slept) this.#misses += 1
    this.#heard = false
    if (this.#misses < heartbeatDefaults.missesMax) {
      this.#ping()
      return
    }
    this.stop()
    silent()
  }

  #ping(): void {
    this.#nonce = (this.#nonce + 1) >>> 0
    this.#sentAt = performance.now()
    this.#options.send({ kind: 'ping', nonce: this.#nonce, ...this.#load() })
  }

  #load(): PeerLoad {
    return { inFlight: this.#options.inFlight(), eventLoopLagMs: Math.round(this.#lagMs) }
  }
}
