import { streamLimits } from './stream-limits.ts'

/**
 * A window that is consumed in less time than this is too small for the link: a little more than a round trip, and the
 * time that frames wait for busy event loops on both sides.
 */
const roundTripsPerWindow = 1.15
const processingMs = 4
/** Small steps: what a step is too large stands in the queue of the link, in front of the logins on the tunnel. */
const growth = 1 / 8
/** Credit is returned in parts of the window that are large enough to be worth a frame. */
const creditPart = 1 / 16

export interface Consumption {
  bytes: number
  /** Milliseconds from any fixed moment. */
  now: number
  /** The shortest round trip seen on this connection; undefined: none yet. */
  roundTripMs: number | undefined
  /** How much of a wish to grow, in bytes, is granted. */
  grantGrowth: (bytes: number) => number
}

/**
 * What the other side of one stream may still send. Credit comes back when bytes were consumed. The window grows
 * while one of its size is consumed in little more than a round trip: then the reader keeps up, and the link has to wait
 * for credit. It stops a little above bandwidth × delay, where more of it would only stand in queues on the way.
 */
export class ReceiveWindow {
  #size: number = streamLimits.windowBytes
  #outstanding: number = streamLimits.windowBytes
  #owed = 0
  #roundBytes = 0
  #roundStartedAt = 0

  get size(): number {
    return this.#size
  }

  /** Bytes came. False: more than there was credit for. */
  take(bytes: number): boolean {
    if (bytes > this.#outstanding) return false
    this.#outstanding -= bytes
    return true
  }

  /** The credit to send now, or 0. */
  consume(consumption: Consumption): number {
    this.#owed += consumption.bytes + this.#grow(consumption)
    if (this.#owed < this.#size * creditPart) return 0
    const credit = this.#owed
    this.#owed = 0
    this.#outstanding += credit
    return credit
  }

  #grow({ bytes, now, roundTripMs, grantGrowth }: Consumption): number {
    this.#roundBytes += bytes
    if (this.#roundBytes < this.#size) return 0
    const elapsedMs = now - this.#roundStartedAt
    this.#roundBytes = 0
    this.#roundStartedAt = now
    if (roundTripMs === undefined || elapsedMs > roundTripsPerWindow * roundTripMs + processingMs) return 0
    const wish = Math.min(this.#size * growth, streamLimits.windowBytesMax - this.#size)
    const granted = wish > 0 ? grantGrowth(Math.ceil(wish)) : 0
    this.#size += granted
    return granted
  }
}
