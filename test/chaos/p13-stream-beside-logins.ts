import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { measureAlone, type Measure } from './streams/measure-alone.ts'
import { startOpenLoop } from './load/open-loop.ts'
import { measureRate, startBulk, type Bulk, type Direction } from './streams/measure-bulk.ts'
import { reviewTokenBytes } from './streams/bare-exchange.ts'
import { createStreamWorld, type StreamWorld } from './streams/stream-world.ts'

const link = { delayMs: 10, megabitsPerSecond: 100 }
const roundTripMs = 2 * link.delayMs
const addedMsMax = 20
const reviewsPerSecond = 100
/** A stream that has not taken most of the link proves nothing. */
const saturatedShareMin = 0.8
const warmUpMs = 2_000
/** What has to be on the way so that the link never waits, and a little for what the ends take. */
const bareInFlightBytes = Math.ceil((1.1 * roundTripMs * link.megabitsPerSecond * 1_000) / 8)
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
  const review = createReview(world)
  const alone = await measureReviews(review, ms / 2)
  say(`alone: p99 ${alone.p99Ms} ms`)
  const beside: BesideStreams = {}
  for (const direction of directions) {
    const bulk = await startBulk(world, direction)
    beside[direction] = await measureBeside(bulk, review, ms)
    say(`beside a stream ${direction}: ${describe(beside[direction])}`)
    await sleep(500)
  }
  const bareSockets = size === 'quick' ? {} : { bareSockets: await measureBareSockets(world, ms, say) }
  const all = Object.values(beside)
  const p99Ms = Math.max(...all.map((reviews) => reviews.p99Ms))
  const isSaturated = all.every(
    ({ streamMegabits }) => streamMegabits >= saturatedShareMin * link.megabitsPerSecond,
  )
  const failed = all.reduce((sum, reviews) => sum + reviews.failed, alone.failed)
  return {
    measured: { p99Ms, roundTripMs, failed, alone, beside, ...bareSockets },
    ok: p99Ms <= roundTripMs + addedMsMax && failed === 0 && isSaturated,
  }
}

interface Reviews {
  reviews: number
  failed: number
  p50Ms: number
  p99Ms: number
}

interface ReviewsBeside extends Reviews {
  streamMegabits: number
}

type BesideStreams = Record<string, ReviewsBeside>

/** @returns whether there was an answer */
type Review = (index: number) => Promise<boolean>

function createReview({ tunnel }: StreamWorld): Review {
  return async (index) => {
    const outcome = await tunnel.review({
      // Each its own token: equal ones in flight would be one review.
      token: `${index}.`.padEnd(reviewTokenBytes, 'x'),
      tokenHash: '',
      audiences: [],
      budgetMs: 10_000,
      attempt: 1,
      signal: undefined,
    })
    // The far side answers each with a failure of its own, which is an answer.
    return outcome.kind === 'failed'
  }
}

/** The floor: requests and bytes of the same sizes, at the same time and on the same link, with nothing above TCP. */
async function measureBareSockets(
  world: StreamWorld,
  ms: number,
  say: (line: string) => void,
): Promise<{ inFlightBytes: number; beside: BesideStreams }> {
  await using bare = await world.openBare(bareInFlightBytes)
  const request: Review = async () => {
    await bare.request()
    return true
  }
  const beside: BesideStreams = {}
  for (const direction of directions) {
    beside[direction] = await measureBeside(bare.startBulk(direction), request, ms)
    say(`bare sockets, ${direction}: ${describe(beside[direction])}`)
    await sleep(500)
  }
  return { inFlightBytes: bareInFlightBytes, beside }
}

/** Ends the bulk. */
async function measureBeside(
  bulk: Pick<Bulk, 'takeArrived' | 'end'>,
  review: Review,
  ms: number,
): Promise<ReviewsBeside> {
  await sleep(warmUpMs)
  const [reviews, rate] = await Promise.all([measureReviews(review, ms), measureRate(bulk, ms)])
  bulk.end()
  return { ...reviews, streamMegabits: toTenths(rate) }
}

async function measureReviews(review: Review, ms: number): Promise<Reviews> {
  const load = startOpenLoop({ perSecond: reviewsPerSecond, call: review })
  await sleep(ms)
  const calls = await load.stop()
  const sorted = calls.map(({ latencyMs }) => latencyMs).toSorted((one, other) => one - other)
  const at = (share: number): number => toTenths(sorted[Math.floor(sorted.length * share)] ?? 0)
  return {
    reviews: calls.length,
    failed: calls.filter(({ outcome }) => !outcome).length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  }
}

function describe({ p50Ms, p99Ms, streamMegabits }: ReviewsBeside): string {
  return `${streamMegabits} Mbit/s, reviews p50 ${p50Ms} ms, p99 ${p99Ms} ms`
}

function toTenths(value: number): number {
  return Math.round(value * 10) / 10
}
