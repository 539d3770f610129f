import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { streamLimits } from '@postern/protocol'
import type { Experiment } from './experiment.ts'
import { measureAlone, type Measure } from './streams/measure-alone.ts'
import { readHeldBytes } from './streams/read-held-bytes.ts'
import { createStreamWorld, type StreamWorld } from './streams/stream-world.ts'

const streamsEach = 16
const block = Buffer.alloc(64 * 1024, 7)
const slackBytes = 1024 * 1024

export const stalledStreams: Experiment = {
  name: 'P14',
  mostlyWaits: true,
  asked: 'stalled consumers of raw streams cost at most their windows and 1 MiB of memory, for 10 min',
  run: measureAlone('P14'),
}

/** In the process it has for itself. */
export const measureStalledStreams: Measure = async (size, say) => {
  const stalledMs = size === 'quick' ? 15_000 : 10 * 60_000
  await using world = await createStreamWorld()
  // What the first streams leave behind for good, code and the memory of the loader, is no cost of the stalled ones.
  const rehearsal = await stallStreams(world)
  await sleep(2_000)
  for (const stream of rehearsal) stream.destroy()
  await sleep(1_000)
  const before = { near: await readHeldBytes(), far: await world.readFarBytes() }
  await stallStreams(world)
  say(`${2 * streamsEach} streams stall for ${stalledMs / 1000} s`)
  const grown = { near: 0, far: 0 }
  const until = performance.now() + stalledMs
  while (performance.now() < until) {
    await sleep(Math.min(5_000, stalledMs / 5))
    grown.near = Math.max(grown.near, (await readHeldBytes()) - before.near)
    grown.far = Math.max(grown.far, (await world.readFarBytes()) - before.far)
  }
  const bytesMax = 2 * streamsEach * streamLimits.windowBytes + slackBytes
  return {
    measured: {
      stalledStreams: 2 * streamsEach,
      windowBytes: streamLimits.windowBytes,
      grownBytes: grown,
      bytesMax,
      seconds: stalledMs / 1000,
    },
    ok: Math.max(grown.near, grown.far) <= bytesMax,
  }
}

async function stallStreams(world: StreamWorld): Promise<Duplex[]> {
  const stalled: Duplex[] = []
  for (let count = 0; count < streamsEach; count += 1) {
    // Of the one nobody reads here, of the other nobody there.
    const unread = await world.openBulk('sends')
    const unheard = await world.openBulk('waits')
    const write = (): void => {
      while (!unheard.destroyed && unheard.write(block));
    }
    unheard.on('drain', write)
    write()
    stalled.push(unread, unheard)
  }
  return stalled
}
