/** So many answers, */
const answersPerTick = 5
/** and then a pause for others, in milliseconds. */
const tickMs = 20
/** What waits longer than the other side's patience is of no use: a gateway gives a dial up after 10 s. */
const waitingMax = 2048

/**
 * Answers that nobody is in a hurry for. A crowd that comes in one moment is answered over seconds: to answer it at once
 * would cost the logins of that moment.
 */
export class PacedAnswers {
  readonly #waiting: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined

  /** @param answer called soon, or at once when too many wait */
  add(answer: () => void): void {
    if (this.#waiting.length >= waitingMax) {
      answer()
      return
    }
    this.#waiting.push(answer)
    this.#timer ??= this.#later()
  }

  /** Answers whoever waits. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const answer of this.#waiting.splice(0)) answer()
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => {
      for (const answer of this.#waiting.splice(0, answersPerTick)) answer()
      this.#timer = this.#waiting.length === 0 ? undefined : this.#later()
    }, tickMs)
  }
}
