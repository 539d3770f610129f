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
  /** Beats the time; a timer of its own when absent. */
  every?: EveryInterval
}

/** Calls `beat` every interval. @returns what stops it */
export type EveryInterval = (intervalMs: number, beat: () => void) => () => void

/** What the other side says of itself. */
export interface PeerLoad {
  inFlight: number
  eventLoopLagMs: number
}

/**
 * Pings, and notices a peer that has fallen silent: any frame proves life, two intervals without one prove death. An
 * interval that this process itself slept through proves nothing, because what arrived meanwhile is still unread.
 *
 * Of two sides one leads: its Ping is answered by a Pong and, in the same write, by the other side's own Ping, whose
 * timer then has nothing to send. With thousands of idle tunnels the writes are most of the cost.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #stop: () => void
  #dueAt: number
  #heard = true
  /** This side's Ping has gone with a Pong since the last beat. */
  #hasFollowed = false
  #misses = 0
  #nonce = 0
  #sentAt = 0
  #lagMs = 0
  #roundTripMs: number | undefined
  #peer: PeerLoad = { inFlight: 0, eventLoopLagMs: 0 }

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#dueAt = performance.now() + options.intervalMs
    this.#stop = (options.every ?? everyByTimer)(options.intervalMs, () => {
      this.#beat()
    })
    this.pingNow()
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
    if (this.#hasFollowed || performance.now() - this.#sentAt < this.#options.intervalMs / 2) return
    this.#hasFollowed = true
    this.pingNow()
  }

  onPong(pong: PongFrame): void {
    this.#peer = { inFlight: pong.inFlight, eventLoopLagMs: pong.eventLoopLagMs }
    if (pong.nonce === this.#nonce) this.#roundTripMs = performance.now() - this.#sentAt
  }

  /** Asks for a sign of life before the next is due. */
  pingNow(): void {
    this.#nonce = (this.#nonce + 1) >>> 0
    this.#sentAt = performance.now()
    this.#options.send({ kind: 'ping', nonce: this.#nonce, ...this.#load() })
  }

  stop(): void {
    this.#stop()
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
      // With a doubt there is always a question.
      if (!this.#hasFollowed || this.#misses > 0) this.pingNow()
      this.#hasFollowed = false
      return
    }
    this.stop()
    silent()
  }

  #load(): PeerLoad {
    return { inFlight: this.#options.inFlight(), eventLoopLagMs: Math.round(this.#lagMs) }
  }
}

const everyByTimer: EveryInterval = (intervalMs, beat) => {
  const timer = setInterval(beat, intervalMs)
  return () => {
    clearInterval(timer)
  }
}
