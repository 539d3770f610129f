export interface UpgradeAdmissionOptions {
  /** Upgrades that are not yet welcomed, at once. */
  concurrentMax: number
  /** Upgrades admitted a second, over time; as many may come at once. */
  perSecondMax: number
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/**
 * Bounds what strangers and a crowd of returning gateways can ask of this replica: a number at once, and a rate (a token
 * bucket). Those turned away are told when their turn is, so that a crowd spreads itself.
 */
export class UpgradeAdmission {
  readonly #options: UpgradeAdmissionOptions
  #concurrent = 0
  #credit: number
  #creditedAt: number
  #turnedAway = 0

  constructor(options: UpgradeAdmissionOptions) {
    this.#options = options
    this.#credit = options.perSecondMax
    this.#creditedAt = options.elapsed()
  }

  /** Admits one upgrade, which `leave` must follow; or says in how many seconds to come back. */
  enter(): { admitted: true } | { admitted: false; retryAfterSeconds: number } {
    const { concurrentMax, perSecondMax, elapsed } = this.#options
    const now = elapsed()
    this.#credit = Math.min(perSecondMax, this.#credit + ((now - this.#creditedAt) / 1000) * perSecondMax)
    this.#creditedAt = now
    if (this.#concurrent >= concurrentMax || this.#credit < 1) {
      this.#turnedAway += 1
      return {
        admitted: false,
        retryAfterSeconds: 1 + Math.floor((this.#turnedAway % (10 * perSecondMax)) / perSecondMax),
      }
    }
    if (this.#credit >= perSecondMax / 2) this.#turnedAway = 0
    this.#credit -= 1
    this.#concurrent += 1
    return { admitted: true }
  }

  leave(): void {
    this.#concurrent -= 1
  }
}
