const failuresInARowMax = 3
const windowSize = 10
const windowFailuresMax = windowSize / 2
const windowMs = 10_000
const firstEjectionMs = 5000
const ejectionMsMax = 60_000
/** After this long in good standing the next ejection is a first one again. */
const forgivenAfterMs = 60_000
/** Between two canaries where the first told nothing, or nothing new: of one that would be out if it were allowed. */
const canaryPauseMs = 1000

export interface EjectionRules {
  now: number
  /** When what failed or succeeded was sent. */
  startedAt: number
  /** Asked only when the limit is reached: false leaves it in. */
  mayEject: () => boolean
}

/**
 * Whether one gateway process, or one tunnel, is left alone for a while because of what came of asking it. Out after
 * three failures in a row or half of ten in ten seconds, for 5 s · 2ⁿ up to 60 s; then one canary decides. Already after
 * a failure it is in question: canaries, one after the other, settle at nobody's cost whether that was the first of three.
 *
 * 1. What was sent before it went out changes nothing while it is out.
 * 2. At most one canary is under way.
 */
export class Ejection {
  #inARow = 0
  readonly #failedAt = new Float64Array(windowSize)
  readonly #endedAt = new Float64Array(windowSize).fill(Number.NEGATIVE_INFINITY)
  #next = 0
  #out: { since: number; until: number } | undefined
  #hasCanary = false
  #canaryAt = Number.NEGATIVE_INFINITY
  #canaryNotBefore = Number.NEGATIVE_INFINITY
  /** How many ejections there were without a long time in good standing between. */
  #round = 0
  #readmittedAt = Number.NEGATIVE_INFINITY

  get isOut(): boolean {
    return this.#out !== undefined
  }

  /** When its time is over; zero when it is in. */
  get outUntil(): number {
    return this.#out?.until ?? 0
  }

  /** The last thing that came of it was a failure, and it is still in. */
  get isInQuestion(): boolean {
    return this.#out === undefined && this.#inARow > 0
  }

  get hasCanary(): boolean {
    return this.#hasCanary
  }

  /** When it was tried last. */
  get canaryAt(): number {
    return this.#canaryAt
  }

  /** It is in question, or its time is over, and nobody tries it yet. */
  isDueForCanary(now: number): boolean {
    if (this.#hasCanary || now < this.#canaryNotBefore) return false
    return this.#out === undefined ? this.#inARow > 0 : now >= this.#out.until
  }

  canarySent(now: number): void {
    this.#hasCanary = true
    this.#canaryAt = now
  }

  /** Comes before what it told, if it told anything. */
  canaryEnded(now: number): void {
    this.#hasCanary = false
    this.#canaryNotBefore = now + canaryPauseMs
  }

  /** @returns whether it is in again by this */
  succeeded(startedAt: number, now: number): boolean {
    this.#canaryNotBefore = Number.NEGATIVE_INFINITY
    if (this.#out !== undefined) {
      if (startedAt < this.#out.since) return false
      this.#out = undefined
      this.#readmittedAt = now
      this.#forget()
      return true
    }
    this.#inARow = 0
    this.#note(Number.NEGATIVE_INFINITY, now)
    return false
  }

  /** @returns whether it is out by this: for the first time, or again */
  failed({ now, startedAt, mayEject }: EjectionRules): boolean {
    if (this.#out !== undefined) {
      if (startedAt < this.#out.since || now < this.#out.until) return false
      this.#eject(now)
      return true
    }
    this.#inARow += 1
    this.#note(now, now)
    if (this.#inARow < failuresInARowMax) this.#canaryNotBefore = Number.NEGATIVE_INFINITY
    if (this.#inARow < failuresInARowMax && !this.#isHalfOfWindowFailed(now)) return false
    if (!mayEject()) return false
    this.#eject(now)
    return true
  }

  #eject(now: number): void {
    if (this.#out === undefined && now - this.#readmittedAt >= forgivenAfterMs) this.#round = 0
    const lastsMs = Math.min(firstEjectionMs * 2 ** this.#round, ejectionMsMax)
    this.#round += 1
    this.#out = { since: now, until: now + lastsMs }
  }

  #note(failedAt: number, now: number): void {
    this.#failedAt[this.#next] = failedAt
    this.#endedAt[this.#next] = now
    this.#next = (this.#next + 1) % windowSize
  }

  #isHalfOfWindowFailed(now: number): boolean {
    let failures = 0
    for (let place = 0; place < windowSize; place += 1) {
      if ((this.#endedAt[place] ?? 0) <= now - windowMs) return false
      if ((this.#failedAt[place] ?? 0) > now - windowMs) failures += 1
    }
    return failures >= windowFailuresMax
  }

  #forget(): void {
    this.#inARow = 0
    this.#endedAt.fill(Number.NEGATIVE_INFINITY)
  }
}
