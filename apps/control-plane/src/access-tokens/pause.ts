import { setTimeout as sleep } from 'node:timers/promises'

/** Waits without keeping the process alive; false when the signal cut it short. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal, ref: false })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
