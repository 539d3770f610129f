/** For how long after its last tunnel a gateway counts as about to return, in milliseconds. */
const returningMs = 10_000
/** Logins that may wait for the return of one gateway. */
const waitersMax = 512

/** The gateways that had a tunnel a moment ago, and the logins that wait for them. */
export class ReturningGateways {
  readonly #elapsed: () => number
  /** When the last tunnel of a gateway took its last review; oldest first, dropped once of no interest. */
  readonly #leftAt = new Map<string, number>()
  readonly #waiters = new Map<string, Set<() => void>>()

  /** @param elapsed milliseconds from any fixed moment; never goes back */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed
  }

  hasLeft(gatewayId: string): void {
    this.#leftAt.delete(gatewayId)
    this.#leftAt.set(gatewayId, this.#elapsed())
    this.#forgetOld()
  }

  /** Wakes those who wait for it. */
  hasReturned(gatewayId: string): void {
    this.#leftAt.delete(gatewayId)
    this.#forgetOld()
    const waiters = this.#waiters.get(gatewayId)
    this.#waiters.delete(gatewayId)
    for (const wake of waiters ?? []) wake()
  }

  isReturning(gatewayId: string): boolean {
    const leftAt = this.#leftAt.get(gatewayId)
    return leftAt !== undefined && this.#elapsed() - leftAt < returningMs
  }

  /** Resolves when a tunnel of the gateway comes, the time is over, or the signal fires, whichever is first. */
  wait(gatewayId: string, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const waiters = this.#waiters.get(gatewayId) ?? new Set()
    if (waiters.size >= waitersMax || signal?.aborted === true) return Promise.resolve()
    this.#waiters.set(gatewayId, waiters)
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        waiters.delete(wake)
        if (waiters.size === 0 && this.#waiters.get(gatewayId) === waiters) this.#waiters.delete(gatewayId)
        resolve()
      }
      const timer = setTimeout(wake, waitMs)
      signal?.addEventListener('abort', wake)
      waiters.add(wake)
    })
  }

  endWaiting(): void {
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake()
  }

  #forgetOld(): void {
    const now = this.#elapsed()
    for (const [gatewayId, leftAt] of this.#leftAt) {
      if (now - leftAt < returningMs) return
      this.#leftAt.delete(gatewayId)
    }
  }
}
