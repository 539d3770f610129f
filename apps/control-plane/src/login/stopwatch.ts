/** How long something and each of its phases took, in milliseconds. */
export class Stopwatch<Phase extends string> {
  readonly #monotonicMs: () => number
  readonly #startedAtMs: number
  readonly #phasesMs: Partial<Record<Phase, number>> = {}

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs
    this.#startedAtMs = monotonicMs()
  }

  get elapsedMs(): number {
    return this.#monotonicMs() - this.#startedAtMs
  }

  async timed<Value>(phase: Phase, work: () => Promise<Value>): Promise<Value> {
    const beganAtMs = this.#monotonicMs()
    try {
      return await work()
    } finally {
      this.#phasesMs[phase] = rounded(this.#monotonicMs() - beganAtMs)
    }
  }

  /** Of the phases that have ended, and of all so far; to the hundredth. */
  timingsMs(): Record<string, number> {
    return { ...this.#phasesMs, total: rounded(this.elapsedMs) }
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}
