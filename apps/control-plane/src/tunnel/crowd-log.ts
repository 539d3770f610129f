import type { TunnelLog } from './tunnel-observer.ts'

export interface CrowdLine {
  level: 'info' | 'warn'
  message: string
  /** Of a closed set: what is counted together beyond the first. */
  kind: Record<string, string>
  /** What only a line of its own tells. */
  fields: object
}

interface Tally {
  line: CrowdLine
  count: number
}

/** Lines of one message and kind in a second; those beyond are counted. */
const linesMax = 20
const windowMs = 1000

/**
 * Lines about one gateway each. When thousands come or go together, the first of a second are written, and how many more
 * there were when it is over: a line for each would cost more than the tunnels.
 */
export class CrowdLog {
  readonly #log: Pick<TunnelLog, 'info' | 'warn'>
  readonly #tallies = new Map<string, Tally>()
  #timer: NodeJS.Timeout | undefined

  constructor(log: Pick<TunnelLog, 'info' | 'warn'>) {
    this.#log = log
  }

  write(line: CrowdLine): void {
    const key = `${line.message} ${Object.values(line.kind).join(' ')}`
    let tally = this.#tallies.get(key)
    if (tally === undefined) this.#tallies.set(key, (tally = { line, count: 0 }))
    tally.count += 1
    this.#timer ??= setTimeout(() => this.flush(), windowMs)
    if (tally.count <= linesMax) this.#log[line.level]({ ...line.kind, ...line.fields }, line.message)
  }

  /** Writes what was only counted. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const { line, count } of this.#tallies.values()) {
      if (count > linesMax) this.#log[line.level]({ ...line.kind, more: count - linesMax }, line.message)
    }
    this.#tallies.clear()
  }
}
