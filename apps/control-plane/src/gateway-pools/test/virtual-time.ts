interface Event {
  at: number
  /** Of two at the same moment the one that was scheduled first comes first. */
  order: number
  run: () => void
}

/** A clock that moves only when a test says so, and what happens on it. */
export class VirtualTime {
  #now = 0
  #lastOrder = 0
  /** Latest first, so that the next one is taken from the end. */
  readonly #events: Event[] = []

  readonly elapsed = (): number => this.#now

  /** @returns what stops it */
  readonly after = (ms: number, run: () => void): (() => void) => {
    this.#lastOrder += 1
    const event = { at: this.#now + Math.max(0, ms), order: this.#lastOrder, run }
    this.#events.splice(this.#placeOf(event.at), 0, event)
    return () => {
      const place = this.#events.indexOf(event)
      if (place >= 0) this.#events.splice(place, 1)
    }
  }

  /** How many things are still to happen. */
  get waiting(): number {
    return this.#events.length
  }

  /** Lets everything happen up to that moment, each with all that follows from it at once. */
  async runUntil(until: number): Promise<void> {
    await settled()
    for (let next = this.#events.at(-1); next !== undefined && next.at <= until; next = this.#events.at(-1)) {
      this.#events.pop()
      this.#now = next.at
      next.run()
      await settled()
    }
    this.#now = until
  }

  /** Before the first of those that come no later, as those run earlier. */
  #placeOf(at: number): number {
    let [low, high] = [0, this.#events.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#events[middle]?.at ?? 0) > at) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** When all promises that can settle have. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** The same numbers for the same seed, from 0 to 1 (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
