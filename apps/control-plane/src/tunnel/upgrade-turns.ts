export interface UpgradeTurnsOptions {
  /** Turns in a second, in the mean; a second after a delay has a few more. */
  perSecond: number
  /** Dials that had their turn and are not settled. */
  underWayMax: number
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

interface Waiting {
  isGone: () => boolean
  resolve: (hasTurn: boolean) => void
}

/** A timer that fires so late, in milliseconds, says that the event loop has other work, logins for the most part. */
const lateMsMax = 15
/** Then the turns come slower, step by step, down to this share of the rate; and back, more slowly, when it has not. */
const slowestShare = 0.75
const slowerBy = 1.1
const fasterBy = 0.98
/** The share of the last turn in the pace that is expected. */
const paceShare = 1 / 8
/** Of a delay so much is made up for, in milliseconds, … */
const madeUpMsMax = 100
/** … and the turns come no closer than this share of what lies between them else. */
const closestShare = 0.65

/**
 * Gives dials their turn: one at a time, first come, first served, and never close after the one before. What a stall of
 * the event loop has cost is hardly made up for: the turns go on from where they are, so that no crowd falls into the
 * moment after.
 */
export class UpgradeTurns {
  readonly #options: UpgradeTurnsOptions
  readonly #waiting: Waiting[] = []
  #spacingMs: number
  /** From one turn to the next while somebody waits, as it was lately: slow authentications hold the turns up. */
  #paceMs: number
  #lastAt = -Infinity
  /** When the next turn should be, by the rate alone; and when it may be. */
  #plannedAt = -Infinity
  #nextAt = -Infinity
  #underWay = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: UpgradeTurnsOptions) {
    this.#options = options
    this.#spacingMs = this.#spacingMsMin
    this.#paceMs = this.#spacingMsMin
  }

  /** From one turn to the next, in milliseconds, as things are. */
  get spacingMs(): number {
    return Math.max(this.#spacingMs, this.#paceMs)
  }

  /** What a dial would wait that comes now. */
  get waitMs(): number {
    const untilFree = Math.max(0, this.#nextAt - this.#options.elapsed())
    return untilFree + this.#waiting.length * this.spacingMs
  }

  /**
   * Waits for a turn, after which `settled` must be called.
   * @param isGone asked when it is its turn: who is gone takes none
   * @returns whether it has one
   */
  next(isGone: () => boolean): Promise<boolean> {
    // Only who waits is made up to: a rest before is no credit.
    if (this.#waiting.length === 0) {
      this.#plannedAt = Math.max(this.#plannedAt, this.#options.elapsed())
      this.#lastAt = Math.max(this.#lastAt, this.#plannedAt - this.#spacingMs)
    }
    return new Promise((resolve) => {
      this.#waiting.push({ isGone, resolve })
      this.#give()
    })
  }

  /** One that had its turn leaves its place to another. */
  settled(): void {
    this.#underWay -= 1
    this.#give()
  }

  #give(): void {
    while (this.#timer === undefined && this.#underWay < this.#options.underWayMax) {
      const first = this.#waiting[0]
      if (first === undefined) return
      if (first.isGone()) {
        this.#waiting.shift()
        first.resolve(false)
        continue
      }
      const now = this.#options.elapsed()
      if (this.#nextAt > now) {
        this.#comeBackAt(this.#nextAt, now)
        return
      }
      this.#waiting.shift()
      this.#paceMs += (now - this.#lastAt - this.#paceMs) * paceShare
      this.#lastAt = now
      this.#plannedAt = Math.max(this.#plannedAt, now - madeUpMsMax) + this.#spacingMs
      this.#nextAt = Math.max(this.#plannedAt, now + this.#spacingMs * closestShare)
      this.#underWay += 1
      first.resolve(true)
    }
  }

  #comeBackAt(dueAt: number, now: number): void {
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#adapt(this.#options.elapsed() - dueAt)
        this.#give()
      },
      Math.ceil(dueAt - now),
    )
  }

  #adapt(lateMs: number): void {
    this.#spacingMs =
      lateMs > lateMsMax
        ? Math.min(this.#spacingMs * slowerBy, this.#spacingMsMin / slowestShare)
        : Math.max(this.#spacingMs * fasterBy, this.#spacingMsMin)
  }

  get #spacingMsMin(): number {
    return 1000 / this.#options.perSecond
  }
}
