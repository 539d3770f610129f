import { setTimeout as delay } from 'node:timers/promises'

/** Time and chance, as far as a rule depends on them. */
export interface Timing {
  /** The wall clock: Unix time in milliseconds. */
  now(): number
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed(): number
  /** From 0 up to, not including, 1. */
  random(): number
  /** Resolves after that time, or as soon as the signal fires. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const systemTiming: Timing = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  },
}
