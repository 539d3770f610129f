/** What waits for answers, of one tunnel. */
export interface Expiring {
  readonly size: number
  /** Gives up what is past its deadline. */
  dropExpired(now: number): void
}

/** How late a deadline may be noticed, in milliseconds. */
const sweepIntervalMs = 25

/** One timer for the reviews of all tunnels of this replica, and none while there are none. */
export class ReviewDeadlines {
  readonly #elapsed: () => number
  readonly #watched = new Set<Expiring>()
  #timer: NodeJS.Timeout | undefined

  /** @param elapsed milliseconds from any fixed moment; never goes back */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed
  }

  watch(reviews: Expiring): void {
    this.#watched.add(reviews)
    // Stopped by the first sweep that finds nothing, so that one review after another does not make a timer each.
    this.#timer ??= setInterval(() => {
      this.#sweep()
    }, sweepIntervalMs)
  }

  /** Of a tunnel that has ended. */
  forget(reviews: Expiring): void {
    this.#watched.delete(reviews)
    this.#stopIfIdle()
  }

  #sweep(): void {
    const now = this.#elapsed()
    for (const reviews of this.#watched) {
      if (reviews.size === 0) this.#watched.delete(reviews)
      else reviews.dropExpired(now)
    }
    this.#stopIfIdle()
  }

  #stopIfIdle(): void {
    if (this.#watched.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
