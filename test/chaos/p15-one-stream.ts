import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { measureAlone, type Measure } from './streams/measure-alone.ts'
import { measureRate, startBulk, type Direction } from './streams/measure-bulk.ts'
import { createStreamWorld } from './streams/stream-world.ts'

const megabitsPerSecond = 100
const shareMin = 0.8
/** The window grows in the first round trips. */
const warmUpMs = 2_000
const directions: readonly Direction[] = ['to the control plane', 'to the gateway']

export const oneStream: Experiment = {
  name: 'P15',
  asked: `one raw stream fills at least 80 % of a link of ${megabitsPerSecond} Mbit/s, with a round trip of up to 50 ms`,
  run: measureAlone('P15'),
}

/** In the process it has for itself. */
export const measureOneStream: Measure = async (size, say) => {
  const roundTripsMs = size === 'quick' ? [50] : [5, 20, 50]
  const seconds = size === 'quick' ? 6 : 30
  const shares: Record<string, number> = {}
  for (const roundTripMs of roundTripsMs) {
    for (const direction of directions) {
      await using world = await createStreamWorld()
      await world.relay.apply({ delayMs: roundTripMs / 2, megabitsPerSecond })
      // The connection for streams is opened over the link as it is now.
      const bulk = await startBulk(world, direction)
      await sleep(warmUpMs)
      const rate = await measureRate(bulk, seconds * 1_000)
      bulk.end()
      shares[`${direction}, ${roundTripMs} ms`] = Math.round((rate / megabitsPerSecond) * 1000) / 1000
      say(`${direction}, ${roundTripMs} ms: ${rate.toFixed(1)} Mbit/s`)
    }
  }
  const shareOfLinkMin = Math.min(...Object.values(shares))
  return { measured: { megabitsPerSecond, shareOfLinkMin, shares }, ok: shareOfLinkMin >= shareMin }
}
