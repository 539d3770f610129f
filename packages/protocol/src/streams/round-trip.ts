import type { Frame } from '../frames.ts'

/** Pings at the start. */
const samples = 5
/** Between the first two, in milliseconds; each pause is twice the one before, so that one stall does not meet all. */
const firstPauseMs = 4
/** Far above what a heartbeat counts up to. */
const firstNonce = 0xffff_ff00

export interface RoundTripOptions {
  send: (frame: Frame) => void
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/**
 * The shortest round trip of a connection: the longer ones have the time in them that frames stand in queues which the
 * streams themselves fill. Several Pings at the start, because the first meets code that has never run on either side,
 * and the heartbeat's next one those queues.
 */
export class RoundTrip {
  readonly #options: RoundTripOptions
  readonly #sentAt: number[] = []
  #timer: NodeJS.Timeout | undefined
  #ms: number | undefined

  constructor(options: RoundTripOptions) {
    this.#options = options
  }

  /** Undefined: nothing was answered yet. */
  get ms(): number | undefined {
    return this.#ms
  }

  start(): void {
    this.#ping()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #ping(): void {
    const { send, elapsed } = this.#options
    const nonce = firstNonce + this.#sentAt.length
    const pauseMs = firstPauseMs * 2 ** this.#sentAt.length
    this.#sentAt.push(elapsed())
    if (this.#sentAt.length < samples) this.#timer = setTimeout(() => this.#ping(), pauseMs)
    send({ kind: 'ping', nonce, inFlight: 0, eventLoopLagMs: 0 })
  }

  /** A Pong has come. */
  answered(nonce: number): void {
    const sentAt = this.#sentAt[nonce - firstNonce]
    if (sentAt !== undefined) this.learn(this.#options.elapsed() - sentAt)
  }

  /** One was measured. */
  learn(ms: number): void {
    this.#ms = Math.min(this.#ms ?? ms, ms)
  }
}
