import { pause } from './pause.ts'

export interface RemoveExpiredRowsOptions {
  /** Each removes at most so many rows in one statement and says how many it removed. */
  removals: readonly ((rowsMax: number) => Promise<number>)[]
  onFailed: (error: unknown) => void
  intervalMs?: number
  random?: () => number
}

const batchRows = 1000
const batchesMax = 20

/**
 * Clears away what has expired, in short statements that hold no lock for long. Replicas take turns by chance: each
 * waits between half and one and a half intervals, and skips rows that another one is removing.
 */
export function startRemovingExpiredRows(options: RemoveExpiredRowsOptions): { close(): Promise<void> } {
  const { removals, onFailed, intervalMs = 60_000, random = Math.random } = options
  const closing = new AbortController()
  const { signal } = closing

  async function run(): Promise<void> {
    while (await pause(intervalMs * (0.5 + random()), signal)) {
      for (const remove of removals) await removeBatches(remove, signal).catch(onFailed)
    }
  }

  const running = run()
  return {
    async close() {
      closing.abort()
      await running
    },
  }
}

async function removeBatches(
  remove: (rowsMax: number) => Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  for (let batch = 0; batch < batchesMax && !signal.aborted; batch += 1) {
    if ((await remove(batchRows)) < batchRows) return
  }
}
