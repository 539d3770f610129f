const timeConstantMs = 10_000

/**
 * A latency that jumps up with the worst observation and comes down over ten seconds (peak-sensitive exponentially
 * weighted moving average, as in Twitter's Finagle). It also falls while nothing is observed, so that what was slow once
 * is tried again.
 */
export class PeakEwma {
  #latencyMs: number | undefined
  #updatedAt = 0

  observe(latencyMs: number, now: number): void {
    const current = this.at(now)
    const weight = Math.exp((this.#updatedAt - now) / timeConstantMs)
    this.#latencyMs =
      current === undefined || this.#latencyMs === undefined || latencyMs >= current
        ? latencyMs
        : this.#latencyMs * weight + latencyMs * (1 - weight)
    this.#updatedAt = now
  }

  forget(): void {
    this.#latencyMs = undefined
  }

  /** In milliseconds; undefined before the first observation. */
  at(now: number): number | undefined {
    if (this.#latencyMs === undefined) return undefined
    return this.#latencyMs * Math.exp((this.#updatedAt - now) / timeConstantMs)
  }
}
