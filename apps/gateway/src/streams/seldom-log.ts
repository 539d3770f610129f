export interface SeldomLogOptions {
  log: { warn(fields: object, message: string): void }
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

const everyMs = 10_000

/**
 * Warnings that a control plane could cause without end: one line of a kind in ten seconds, which says how many it stands
 * for.
 */
export class SeldomLog {
  readonly #options: SeldomLogOptions
  readonly #kinds = new Map<string, { nextAt: number; untold: number }>()

  constructor(options: SeldomLogOptions) {
    this.#options = options
  }

  /** @param kind of a closed set */
  warn(kind: string, fields: object, message: string): void {
    const now = this.#options.elapsed()
    const { nextAt, untold } = this.#kinds.get(kind) ?? { nextAt: now, untold: 0 }
    if (now < nextAt) {
      this.#kinds.set(kind, { nextAt, untold: untold + 1 })
      return
    }
    this.#kinds.set(kind, { nextAt: now + everyMs, untold: 0 })
    this.#options.log.warn(untold === 0 ? fields : { ...fields, before: untold }, message)
  }
}
