export interface OpenLoopOptions<Outcome> {
  perSecond: number
  /** One call; rejects only on a bug of the experiment. */
  call(index: number): Promise<Outcome>
}

/** One call: when it was due, and how long after that it ended. Milliseconds of `performance.now()`. */
export interface TimedCall<Outcome> {
  dueAt: number
  latencyMs: number
  outcome: Outcome
}

export interface OpenLoop<Outcome> {
  /** What has ended so far, in the order of ending. */
  readonly ended: readonly TimedCall<Outcome>[]
  /** Begins no more calls and waits for those under way. */
  stop(): Promise<TimedCall<Outcome>[]>
}

/**
 * Begins a call at each due moment, however many are under way, and measures from that moment: a stall is paid by every
 * call that was due in it, and not left out, as it is when a call waits for the one before (coordinated omission).
 */
export function startOpenLoop<Outcome>(options: OpenLoopOptions<Outcome>): OpenLoop<Outcome> {
  const everyMs = 1000 / options.perSecond
  const firstAt = performance.now()
  const ended: TimedCall<Outcome>[] = []
  const underWay = new Set<Promise<void>>()
  let begun = 0
  let timer: NodeJS.Timeout | undefined

  async function measure(index: number, dueAt: number): Promise<void> {
    const outcome = await options.call(index)
    ended.push({ dueAt, latencyMs: performance.now() - dueAt, outcome })
  }

  function begin(): void {
    const index = begun
    const call = measure(index, firstAt + index * everyMs)
    begun += 1
    underWay.add(call)
    void call.finally(() => underWay.delete(call))
  }

  function tick(): void {
    while (firstAt + begun * everyMs <= performance.now()) begin()
    timer = setTimeout(tick, Math.max(1, firstAt + begun * everyMs - performance.now()))
  }

  tick()
  return {
    ended,
    async stop() {
      clearTimeout(timer)
      await Promise.all(underWay)
      return ended
    },
  }
}
