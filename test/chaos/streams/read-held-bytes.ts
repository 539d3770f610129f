import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const settledBytes = 32 * 1024
const roundsMax = 10

/**
 * What this process holds once nothing more is collected: its heap, and the buffers outside of it. One collection finds
 * out that nobody holds a buffer, the next frees what the buffer held in turn.
 */
export async function readHeldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let held = Infinity
  for (let round = 0; round < roundsMax; round += 1) {
    collect()
    await sleep(50)
    const { heapUsed, external } = process.memoryUsage()
    const freed = held - (heapUsed + external)
    held = Math.min(held, heapUsed + external)
    if (freed < settledBytes) break
  }
  return held
}
