import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { startLoginLoad, summarizeLogins, type TimedLogin } from './load/login-load.ts'
import { type JunkAnswers, startJunkLoad } from './load/start-junk-load.ts'
import { createChaosWorld, type ChaosWorld } from './world/chaos-world.ts'
import { explainFailures } from './world/explain-failures.ts'
import { readMetrics } from './world/read-metrics.ts'

export const junkLogins: Experiment = {
  name: 'T26',
  asked:
    '1,000 junk logins a second (malformed, expired), limits off: no review, and the p99 of good logins within 2 x',
  async run(size, say) {
    const { rounds, seconds } = sizes[size]
    await using world = await createChaosWorld({ say })
    const gateway = await world.addGateway('berlin')
    await gateway.start()
    const workload = await world.addWorkload({ gatewayId: gateway.gatewayId })
    const { url } = world.controlPlane
    const load = startLoginLoad({ urls: [url], workload, perSecond: goodPerSecond })
    await sleep(warmUpMs)
    const junk: Junk = { sent: 0, perSecond: 0, refused: 0 }
    const quiet: TimedLogin[] = []
    const beside: TimedLogin[] = []
    // In turns: what a shared machine does meanwhile meets both.
    for (let round = 1; round <= rounds; round += 1) {
      say(`round ${round} of ${rounds}`)
      quiet.push(...(await during(load.ended, () => sleep(seconds * 1_000))))
      const junkLoad = await startJunkLoad({
        url,
        identityId: workload.identityId,
        perSecond: junkPerSecond,
      })
      await sleep(warmUpMs)
      beside.push(...(await during(load.ended, () => sleep(seconds * 1_000))))
      addTo(junk, await junkLoad.stop(), warmUpMs + seconds * 1_000 + settleMs)
    }
    const logins = await load.stop()
    await explainFailures(world, logins, say)
    return judge({ quiet, beside, junk, logins, reviews: await reviewsOf(world) })
  },
}

const goodPerSecond = 100
const junkPerSecond = 1_000
/** Before each measurement: code that runs for the first time is slow, whoever asks for it. */
const warmUpMs = 2_000
/** What was under way at the end of a round is over by then. */
const settleMs = 500
const sizes = {
  quick: { rounds: 1, seconds: 5 },
  full: { rounds: 3, seconds: 20 },
} as const
/** Of the rate that is asked for: the machine that cannot make the junk has shown nothing. */
const junkShareMin = 0.95
const timesMax = 2

interface Junk {
  sent: number
  /** In the last round. */
  perSecond: number
  /** By 401. */
  refused: number
}

/** The logins that were due while `work` was done. */
async function during(
  ended: readonly TimedLogin[],
  work: () => Promise<unknown>,
): Promise<readonly TimedLogin[]> {
  const from = performance.now()
  await work()
  const until = performance.now()
  await sleep(settleMs)
  return ended.filter(({ dueAt }) => dueAt >= from && dueAt < until)
}

function addTo(junk: Junk, answers: JunkAnswers, tookMs: number): void {
  const sent = Object.values(answers).reduce((sum, count) => sum + count, 0)
  junk.perSecond = Math.round((sent * 1_000) / tookMs)
  junk.sent += sent
  junk.refused += answers[401] ?? 0
}

/** Retries and hedges are of a review that was asked before: each login that is reviewed has one first asking. */
async function reviewsOf({ controlPlane }: ChaosWorld): Promise<number> {
  const metrics = await readMetrics(controlPlane.url)
  return metrics.sum('postern_review_attempts_total', { kind: 'first' })
}

interface Observed {
  quiet: readonly TimedLogin[]
  beside: readonly TimedLogin[]
  junk: Junk
  logins: readonly TimedLogin[]
  reviews: number
}

/** When the identity was configured its gateway was asked once, too. */
const reviewsAtSave = 1

function judge({ quiet, beside, junk, logins, reviews }: Observed) {
  const [baseline, withJunk] = [summarizeLogins(quiet), summarizeLogins(beside)]
  const failed = summarizeLogins(logins).failed
  const reviewsOfJunk = reviews - logins.length - reviewsAtSave
  const times = Math.round((100 * withJunk.p99Ms) / baseline.p99Ms) / 100
  return {
    measured: { p99Times: times, junk, reviewsOfJunk, failed, baseline, withJunk },
    ok:
      times <= timesMax &&
      failed === 0 &&
      reviewsOfJunk === 0 &&
      junk.refused === junk.sent &&
      junk.perSecond >= junkShareMin * junkPerSecond,
  }
}
