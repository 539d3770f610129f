import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { measureAlone, type Measure } from './streams/measure-alone.ts'
import { startOpenLoop } from './load/open-loop.ts'
import { measureRate, startBulk, type Direction } from './streams/measure-bulk.ts'
import { createStreamWorld, type StreamWorld } from './streams/stream-world.ts'

const link = { delayMs: 10, megabitsPerSecond: 100 }
const roundTripMs = 2 * link.delayMs
const addedMsMax = 20
const reviewsPerSecond = 100
/** A stream that has not taken most of the link proves nothing. */
const saturatedShareMin = 0.8
const warmUpMs = 2_000
const directions: readonly Direction[] = ['to the control plane', 'to the gateway']

export const streamBesideLogins: Experiment = {
  name: 'P13',
  asked: `reviews beside a saturating raw stream, on a link of ${link.megabitsPerSecond} Mbit/s and ${roundTripMs} ms: p99 at most the round trip + ${addedMsMax} ms`,
  run: measureAlone('P13'),
}

/** In the process it has for itself. */
export const measureStreamBesideLogins: Measure = async (size, say) => {
  const ms = size === 'quick' ? 6_000 : 60_000
  await using world = await createStreamWorld()
  await world.relay.apply(link)
  const alone = await measureReviews(world, ms / 2)
  say(`alone: p99 ${alone.p99Ms} ms`)
  const beside: Record<string, Reviews & { streamMegabits: number }> = {}
  for (const direction of directions) {
    const bulk = await startBulk(world, direction)
    await sleep(warmUpMs)
    const [reviews, rate] = await Promise.all([measureReviews(world, ms), measureRate(bulk, ms)])
    bulk.end()
    beside[direction] = { ...reviews, streamMegabits: Math.round(rate * 10) / 10 }
    say(`beside a stream ${direction} of ${rate.toFixed(1)} Mbit/s: p99 ${reviews.p99Ms} ms`)
    await sleep(500)
  }
  const all = Object.values(beside)
  const p99Ms = Math.max(...all.map((reviews) => reviews.p99Ms))
  const isSaturated = all.every(
    ({ streamMegabits }) => streamMegabits >= saturatedShareMin * link.megabitsPerSecond,
  )
  const failed = all.reduce((sum, reviews) => sum + reviews.failed, alone.failed)
  return {
    measured: { p99Ms, roundTripMs, failed, alone, beside },
    ok: p99Ms <= roundTripMs + addedMsMax && failed === 0 && isSaturated,
  }
}

interface Reviews {
  reviews: number
  failed: number
  p50Ms: number
  p99Ms: number
}

async function measureReviews({ tunnel }: StreamWorld, ms: number): Promise<Reviews> {
  const load = startOpenLoop({
    perSecond: reviewsPerSecond,
    // Each its own token: equal ones in flight would be one review.
    call: (index) =>
      tunnel.review({
        token: `${index}.${'x'.repeat(950)}`,
        tokenHash: '',
        audiences: [],
        budgetMs: 10_000,
        attempt: 1,
        signal: undefined,
      }),
  })
  await sleep(ms)
  const calls = await load.stop()
  const sorted = calls.map(({ latencyMs }) => latencyMs).toSorted((one, other) => one - other)
  const at = (share: number): number => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10
  return {
    reviews: calls.length,
    // The far side answers each with a failure of its own, which is an answer.
    failed: calls.filter(({ outcome }) => outcome.kind !== 'failed').length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  }
}
