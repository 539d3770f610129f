const extraShare = 0.2
const extrasFloor = 3

/**
 * What bounds the second askings of one gateway or pool: at most a fifth of its reviews that are under way, or three,
 * whichever is more. Trouble then cannot multiply the load.
 *
 * 1. Every `take` that was granted, and every `wait` whose callback ran, is followed by one `release`.
 * 2. Waiters are served in their order.
 */
export class RetryBudget {
  #live = 0
  #extras = 0
  readonly #waiters = new Set<() => void>()

  reviewStarted(): void {
    this.#live += 1
  }

  reviewEnded(): void {
    this.#live -= 1
  }

  /** Second askings under way. */
  get extras(): number {
    return this.#extras
  }

  /** For one second asking; false when there is none left now. */
  take(): boolean {
    if (this.#waiters.size > 0 || !this.#hasRoom()) return false
    this.#extras += 1
    return true
  }

  /** Calls once, at once or when there is room, with the room taken. @returns what withdraws the wish */
  wait(granted: () => void): () => void {
    if (this.take()) {
      granted()
      return () => undefined
    }
    // Wrapped, so that one callback may wait twice.
    const waiter = (): void => granted()
    this.#waiters.add(waiter)
    return () => {
      this.#waiters.delete(waiter)
    }
  }

  release(): void {
    this.#extras -= 1
    for (const waiter of this.#waiters) {
      if (!this.#hasRoom()) return
      this.#waiters.delete(waiter)
      this.#extras += 1
      waiter()
    }
  }

  #hasRoom(): boolean {
    return this.#extras < Math.max(extrasFloor, Math.floor(this.#live * extraShare))
  }
}
