import { streamLimits } from './stream-limits.ts'

/**
 * A window that is consumed in less time than this is too small for the link: a little more than the shortest round trip,
 * which most others are longer than, and the time that frames wait for busy event loops on both sides.
 */
const roundTripsPerWindow = 1.1
const processingMs = 4
/** One that takes so many times as long stands in queues on the way. */
const tooLong = 1.1
/** Small steps: what a step is too large stands in the queue of the link, in front of the logins on the tunnel. */
const step = 1 / 8
/** Windows in a row, of whose times the median says to grow: after a pause of either side one comes too fast. */
const growingRounds = 3
/** Windows in a row that must all have taken too long: a pause makes some of them long on any link. */
const shrinkingRounds = 5
/** Credit is returned in parts of the window that are large enough to be worth a frame. */
const creditPart = 1 / 16

export interface Consumption {
  bytes: number
  /** Milliseconds from any fixed moment. */
  now: number
  /** The shortest round trip seen on this connection; undefined: none yet. */
  roundTripMs: number | undefined
  /** How much of a wish to grow, in bytes, is granted; below zero, what is given back. */
  resize: (bytes: number) => number
}

/**
 * What the other side of one stream may still send. Credit comes back when bytes were consumed. The window grows
 * while one of its size is consumed in little more than a round trip: then the reader keeps up, and the link has to wait
 * for credit. It stops a little above bandwidth × delay, where more of it would only stand in queues on the way, and
 * comes back there when it was too much: it then gives back less credit than was consumed. It never becomes smaller
 * than it was at first.
 */
export class ReceiveWindow {
  #size: number = streamLimits.windowBytes
  #outstanding: number = streamLimits.windowBytes
  /** Below zero after the window has shrunk. */
  #owed = 0
  #roundBytes = 0
  #roundStartedAt = 0
  /** How long the last windows took. */
  #roundsMs: number[] = []

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
    this.#owed += consumption.bytes + this.#resize(consumption)
    if (this.#owed < this.#size * creditPart) return 0
    const credit = this.#owed
    this.#owed = 0
    this.#outstanding += credit
    return credit
  }

  /** By how much the window changes. */
  #resize({ bytes, now, roundTripMs, resize }: Consumption): number {
    this.#roundBytes += bytes
    if (this.#roundBytes < this.#size) return 0
    this.#roundBytes = 0
    this.#roundsMs = [...this.#roundsMs.slice(1 - shrinkingRounds), now - this.#roundStartedAt]
    this.#roundStartedAt = now
    const wish = roundTripMs === undefined ? 0 : this.#wish(roundTripMs)
    const change = wish === 0 ? 0 : resize(wish)
    this.#size += change
    return change
  }

  #wish(roundTripMs: number): number {
    const enoughMs = roundTripsPerWindow * roundTripMs + processingMs
    const change = Math.ceil(this.#size * step)
    if (medianOf(this.#roundsMs.slice(-growingRounds)) <= enoughMs)
      return Math.min(change, streamLimits.windowBytesMax - this.#size)
    if (this.#roundsMs.length < shrinkingRounds || Math.min(...this.#roundsMs) <= enoughMs * tooLong) return 0
    // What comes next shows what this did.
    this.#roundsMs = []
    return -Math.min(change, this.#size - streamLimits.windowBytes)
  }
}

/** Infinite while there are too few. */
function medianOf(roundsMs: readonly number[]): number {
  if (roundsMs.length < growingRounds) return Infinity
  return roundsMs.toSorted((one, other) => one - other)[growingRounds >> 1] ?? Infinity
}
