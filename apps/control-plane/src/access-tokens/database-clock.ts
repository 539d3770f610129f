export interface Clock {
  /** Milliseconds since the epoch, whole. */
  nowMs(): number
}

/** One reading of the database's clock; `sentAtMs` and `receivedAtMs` are this process's monotonic clock. */
export interface ClockSample {
  databaseMs: number
  sentAtMs: number
  receivedAtMs: number
}

const samplesMax = 8

/**
 * The database's clock, as far as this process can know it, so that replicas compare creation and revocation on one
 * clock without asking for the time at each login.
 *
 * 1. It never runs ahead of the database: a sample was taken before its answer arrived, so "the sample plus the time
 *    since the answer arrived" is a lower bound, and the greatest of a few samples is the tightest.
 * 2. Hence a token that was created before a revocation never carries a later time than the revocation does, whatever
 *    the skew between the replicas' own clocks. The other way round a token may seem older than it is, by at most the
 *    round trip of the best sample.
 * 3. When a sample shows the database behind the bound, its clock stepped back: what was known before is dropped.
 */
export class DatabaseClock implements Clock {
  readonly #monotonicMs: () => number
  #offsetsMs: number[] = []

  constructor(monotonicMs: () => number = () => performance.now()) {
    this.#monotonicMs = monotonicMs
  }

  observe(sample: ClockSample): void {
    const steppedBack = sample.databaseMs - sample.sentAtMs < this.#offsetMs()
    const known = steppedBack ? [] : this.#offsetsMs.slice(1 - samplesMax)
    this.#offsetsMs = [...known, sample.databaseMs - sample.receivedAtMs]
  }

  nowMs(): number {
    if (this.#offsetsMs.length === 0) throw new Error('the database’s clock has not been read yet')
    return Math.floor(this.#monotonicMs() + this.#offsetMs())
  }

  #offsetMs(): number {
    return Math.max(...this.#offsetsMs)
  }
}
