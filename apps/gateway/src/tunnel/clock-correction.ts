import type { TunnelRefusal } from './outcome.ts'

/** Beyond this a clock is called wrong, in milliseconds; less is the way of the answer. */
const toleratedMs = 30_000

/** The control plane's clock, as far as its answers have told it. */
export class ClockCorrection {
  readonly #now: () => number
  #offsetMs = 0

  /** @param now this machine's wall clock, Unix time in milliseconds */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The control plane's time as known now, Unix time in milliseconds. */
  now(): number {
    return this.#now() + this.#offsetMs
  }

  /** The server's time came with Welcome. */
  learn(serverTimeMs: number): void {
    this.#offsetMs = serverTimeMs - this.#now()
  }

  /**
   * Corrects the clock by a refusal that a wrong clock would explain: one of the credential (401), while the times that
   * were signed differ from the server's. How far this machine's clock is off, or nothing when that is not the reason.
   */
  correctBy(refusal: TunnelRefusal): number | undefined {
    const { status, serverTimeMs } = refusal
    if (status !== 401 || serverTimeMs === undefined) return undefined
    if (Math.abs(serverTimeMs - this.now()) <= toleratedMs) return undefined
    this.learn(serverTimeMs)
    return this.#offsetMs
  }
}
