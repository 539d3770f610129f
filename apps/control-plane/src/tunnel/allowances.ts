export interface AllowancesOptions {
  /** As much may be taken at once. */
  burst: number
  perSecond: number
  /** Names that are remembered; the one that was used least lately is forgotten first. */
  namesMax: number
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

interface Allowance {
  credit: number
  at: number
}

/** A token bucket for each name. A name that is not known has a full one, and is not remembered for being asked about. */
export class Allowances {
  readonly #options: AllowancesOptions
  readonly #byName = new Map<string, Allowance>()

  constructor(options: AllowancesOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#byName.size
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }

  isSpent(name: string): boolean {
    const allowance = this.#byName.get(name)
    return allowance !== undefined && this.#creditOf(allowance) < 1
  }

  take(name: string, amount = 1): void {
    const allowance = this.#byName.get(name)
    const credit = (allowance === undefined ? this.#options.burst : this.#creditOf(allowance)) - amount
    // Behind all others: the order of a Map is that of insertion.
    this.#byName.delete(name)
    this.#byName.set(name, { credit: Math.max(0, credit), at: this.#options.elapsed() })
    if (this.#byName.size > this.#options.namesMax) {
      for (const oldest of this.#byName.keys()) {
        this.#byName.delete(oldest)
        break
      }
    }
  }

  forget(name: string): void {
    this.#byName.delete(name)
  }

  #creditOf({ credit, at }: Allowance): number {
    const { burst, perSecond, elapsed } = this.#options
    return Math.min(burst, credit + ((elapsed() - at) / 1000) * perSecond)
  }
}
