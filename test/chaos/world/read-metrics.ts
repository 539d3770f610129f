/** What `/metrics` of a program of ours says at one moment. */
export interface MetricsSample {
  /** Milliseconds of `performance.now()`, when the answer came. */
  at: number
  /** The sum over all series of this name that have these labels. */
  sum(name: string, labels?: Record<string, string>): number
}

/** @param url of the program, without a path */
export async function readMetrics(url: string): Promise<MetricsSample> {
  const answer = await fetch(`${url}/metrics`)
  const lines = (await answer.text()).split('\n')
  return {
    at: performance.now(),
    sum(name, labels = {}) {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
      return lines
        .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        .filter((line) => wanted.every((label) => line.includes(label)))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
    },
  }
}
