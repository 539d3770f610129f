const intervalMs = 100
/** For how long a stall counts after it, in milliseconds: what it delayed is still being read. */
const rememberedMs = 1000

export interface EventLoopLag {
  /** The longest delay of this process's event loop within the last second, in milliseconds. */
  lagMs(): number
  close(): void
}

/**
 * By a timer of its own, because `monitorEventLoopDelay` is told of a stall only after the timers that it delayed, and it
 * is those that would eject.
 */
export function watchEventLoopLag(elapsed: () => number): EventLoopLag {
  const delay = new LoopDelay(elapsed())
  const timer = setInterval(() => {
    delay.tick(elapsed())
  }, intervalMs)
  timer.unref()
  return {
    lagMs: () => delay.lagMs(elapsed()),
    close: () => clearInterval(timer),
  }
}

/** What the ticks of a timer of 100 ms tell of the loop that runs it. */
export class LoopDelay {
  #dueAt: number
  #worstMs = 0
  #worstAt = 0

  constructor(now: number) {
    this.#dueAt = now + intervalMs
  }

  tick(now: number): void {
    this.#note(now - this.#dueAt, now)
    this.#dueAt = now + intervalMs
  }

  lagMs(now: number): number {
    // Overdue and not yet called: the loop is only now coming to itself.
    this.#note(now - this.#dueAt, now)
    return this.#worstMs
  }

  #note(lagMs: number, now: number): void {
    if (lagMs < this.#worstMs && now - this.#worstAt < rememberedMs) return
    this.#worstMs = Math.max(0, lagMs)
    this.#worstAt = now
  }
}
