import { setFlagsFromString } from 'node:v8'

/** When V8 begins to mark, and when it hurries, in percent of the room that the last collection left. */
export const markingFlags = [
  '--incremental-marking-soft-trigger=85',
  '--incremental-marking-hard-trigger=95',
] as const

/**
 * To be called when a process starts that carries streams. V8 otherwise keeps as much room free as its young generation
 * may take (16 MiB), which in a small heap is all the room there is: beside a stream it then goes through the whole heap
 * twice a second, and each time the reviews wait for 5 to 15 ms. Where the room is 107 MiB this changes nothing.
 * Source: V8, `Heap::IncrementalMarkingLimitReached`.
 */
export function markLater(): void {
  for (const flag of markingFlags) setFlagsFromString(flag)
}
