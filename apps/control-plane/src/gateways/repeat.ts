export interface RepeatOptions {
  intervalMs: number
  task: () => Promise<void>
  /** Said, with the error, when the task fails; the next round comes all the same. */
  onFailure: (error: unknown) => void
  /** Resolves after the time, or rejects once the signal fires. */
  sleep: (ms: number, signal: AbortSignal) => Promise<unknown>
}

export interface Repetition {
  /** Ends the waiting at once; resolves when nothing runs any more. */
  close(): Promise<void>
}

/** Runs the task again and again, the interval after the last run ended, so that rounds never overlap. */
export function startRepeating(options: RepeatOptions): Repetition {
  const stopping = new AbortController()
  const running = run(options, stopping.signal)
  return {
    close: async () => {
      stopping.abort()
      await running
    },
  }
}

async function run(
  { intervalMs, task, onFailure, sleep }: RepeatOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await sleep(intervalMs, signal)
      await task()
    } catch (error) {
      if (!signal.aborted) onFailure(error)
    }
  }
}
