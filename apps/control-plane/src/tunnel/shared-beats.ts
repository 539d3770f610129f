import type { EveryInterval } from '@postern/protocol'

/** Beats of one interval fall into this many ticks, */
const ticksMax = 32
/** unless they would be shorter than this, in milliseconds. */
const tickMsMin = 5

/**
 * The heartbeats of thousands of tunnels by one timer. Those that came in the same tick beat together, so that what they
 * send and what is answered shares turns of the event loop.
 */
export class SharedBeats {
  readonly #elapsed: () => number
  readonly #wheels = new Map<number, BeatWheel>()

  /** @param elapsed milliseconds from any fixed moment; never goes back */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed
  }

  /** Calls `beat` every interval until what is returned is called; the first time up to a tick early. */
  readonly every: EveryInterval = (intervalMs, beat) => {
    const wheel = this.#wheels.get(intervalMs) ?? new BeatWheel(intervalMs, this.#elapsed)
    this.#wheels.set(intervalMs, wheel)
    const leave = wheel.join(beat)
    return () => {
      if (leave() > 0 || this.#wheels.get(intervalMs) !== wheel) return
      wheel.stop()
      this.#wheels.delete(intervalMs)
    }
  }
}

class BeatWheel {
  readonly #slots: Set<() => void>[]
  readonly #tickMs: number
  readonly #elapsed: () => number
  readonly #timer: NodeJS.Timeout
  #size = 0
  #position = 0
  #nextAt: number

  constructor(intervalMs: number, elapsed: () => number) {
    const ticks = Math.max(1, Math.min(ticksMax, Math.floor(intervalMs / tickMsMin)))
    this.#slots = Array.from({ length: ticks }, () => new Set())
    this.#tickMs = intervalMs / ticks
    this.#elapsed = elapsed
    this.#nextAt = elapsed() + this.#tickMs
    this.#timer = setInterval(() => {
      this.#turn()
    }, this.#tickMs)
  }

  /** @returns what takes it out again, and says how many are left */
  join(beat: () => void): () => number {
    // The slot that was beaten last: its next turn is one interval away.
    const slot = this.#slots[this.#position]
    slot?.add(beat)
    this.#size += 1
    return () => {
      if (slot?.delete(beat) === true) this.#size -= 1
      return this.#size
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** By the clock, not by the timer, whose delays would add up. After a long sleep each beats once. */
  #turn(): void {
    const now = this.#elapsed()
    for (let ticks = 0; this.#nextAt <= now && ticks < this.#slots.length; ticks++) {
      this.#nextAt += this.#tickMs
      this.#position = (this.#position + 1) % this.#slots.length
      for (const beat of this.#slots[this.#position] ?? []) beat()
    }
    if (this.#nextAt <= now) this.#nextAt = now + this.#tickMs
  }
}
