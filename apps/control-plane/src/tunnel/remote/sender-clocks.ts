/** A sender whose machine was suspended has another clock afterwards: it is late only for so long, or twice that. */
const windowMs = 5_000
/** Clocks kept: more than processes ever run at once. */
const sendersMax = 256

interface Offsets {
  /** The least difference of our clock to the sender's, over one window and over the one before. */
  least: number
  leastBefore: number
  since: number
}

/**
 * How late messages of other processes are, although no two clocks agree: compared to the fastest message of the sender
 * within the last five to ten seconds. Each says something every five.
 */
export class SenderClocks {
  readonly #elapsed: () => number
  readonly #offsets = new Map<string, Offsets>()

  /** @param elapsed milliseconds from any fixed moment; never goes back */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed
  }

  /** @returns by how many milliseconds the message was slower than the fastest one */
  latenessMs(processId: string, sentAtMs: number): number {
    const now = this.#elapsed()
    const offset = now - sentAtMs
    const known = this.#offsets.get(processId)
    if (known === undefined) {
      this.#add(processId, { least: offset, leastBefore: Number.POSITIVE_INFINITY, since: now })
      return 0
    }
    if (now - known.since > windowMs) {
      known.leastBefore = known.least
      known.least = offset
      known.since = now
    } else known.least = Math.min(known.least, offset)
    return offset - Math.min(known.least, known.leastBefore)
  }

  forget(processId: string): void {
    this.#offsets.delete(processId)
  }

  #add(processId: string, offsets: Offsets): void {
    this.#offsets.set(processId, offsets)
    if (this.#offsets.size <= sendersMax) return
    for (const oldest of this.#offsets.keys()) {
      this.#offsets.delete(oldest)
      return
    }
  }
}
