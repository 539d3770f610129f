export interface LoadFigures {
  calls: number
  seconds: number
  callsPerSecond: number
  p50Ms: number
  p99Ms: number
}

/**
 * Keeps `inFlight` calls under way for `seconds` and measures each. Closed loop: a call starts when another ends, so
 * the figures are of a saturated system. A call that rejects ends the run with its error.
 */
export async function runClosedLoop(options: {
  inFlight: number
  seconds: number
  call(index: number): Promise<void>
}): Promise<LoadFigures> {
  const latenciesMs: number[] = []
  const startedAt = performance.now()
  const endAt = startedAt + options.seconds * 1000
  let next = 0
  async function worker(): Promise<void> {
    for (let at = performance.now(); at < endAt; at = performance.now()) {
      next += 1
      await options.call(next)
      latenciesMs.push(performance.now() - at)
    }
  }
  await Promise.all(Array.from({ length: options.inFlight }, worker))
  const seconds = (performance.now() - startedAt) / 1000
  latenciesMs.sort((a, b) => a - b)
  return {
    calls: latenciesMs.length,
    seconds,
    callsPerSecond: Math.round(latenciesMs.length / seconds),
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
  }
}

function percentile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return Math.round(value * 1000) / 1000
}
