import { setTimeout as sleep } from 'node:timers/promises'
import { missingReplicaPrograms } from '../processes/installed-programs.ts'
import type { ProxiedRequest } from '../processes/nginx-process.ts'
import type { Experiment } from './experiment.ts'
import { startLoginLoad, summarizeLogins, type TimedLogin } from './load/login-load.ts'
import { explainFailures } from './world/explain-failures.ts'
import { createReplicasWorld, untilKnown } from './world/replicas-world.ts'

export const replicasRestart: Experiment = {
  name: 'P4',
  asked:
    'rolling restarts of three control planes behind nginx at 100 logins a second, at least 30,000 logins: 0 failed, p99 at most 3 × baseline',
  missing: missingReplicaPrograms,
  async run(size, say) {
    const { baselineMs, loginsLeast } = sizes[size]
    await using world = await createReplicasWorld({ say })
    const gateway = await world.addGateway('through-all-restarts')
    await gateway.start()
    await untilKnown(world, [gateway], 2)
    const workload = await world.addWorkload({ gatewayId: gateway.gatewayId })
    const load = startLoginLoad({ urls: [world.set.url], workload, perSecond: loginsPerSecond })
    const startedAt = performance.now() + warmUpMs
    await sleep(warmUpMs + baselineMs)
    const restarts: { code: number | null; tookMs: number }[] = []
    const restartsFrom = performance.now()
    for (let round = 1; round === 1 || load.ended.length < loginsLeast; round += 1) {
      for (const replica of world.set.replicas) {
        say(`round ${round}: ${replica.id} restarts, ${Math.round(performance.now() - startedAt)} ms`)
        restarts.push(await replica.stop())
        await replica.start()
        await sleep(settleMs)
      }
    }
    const ended = await load.stop()
    await explainFailures(world, ended, say)
    const within = (from: number, to: number): TimedLogin[] =>
      ended.filter(({ dueAt }) => dueAt >= from && dueAt < to)
    const baseline = summarizeLogins(within(startedAt, restartsFrom))
    const during = summarizeLogins(within(restartsFrom, Infinity))
    const ofBaseline = Math.round((during.p99Ms / baseline.p99Ms) * 100) / 100
    const badExits = restarts.filter(({ code }) => code !== 0).length
    return {
      measured: {
        restarts: restarts.length,
        stopMsMax: Math.max(...restarts.map(({ tookMs }) => tookMs)),
        badExits,
        baseline,
        during,
        ofBaseline,
        ...askedAgain(await world.set.nginx.requests()),
      },
      ok:
        during.failed + baseline.failed === 0 &&
        badExits === 0 &&
        ended.length >= loginsLeast &&
        ofBaseline <= ofBaselineMax,
    }
  },
}

const sizes = {
  quick: { baselineMs: 5_000, loginsLeast: 0 },
  full: { baselineMs: 30_000, loginsLeast: 30_000 },
} as const
const loginsPerSecond = 100
const warmUpMs = 2_000
const settleMs = 500
const ofBaselineMax = 3

/** Logins that nginx sent to a second replica: because the first took no connection, or after it had been asked. */
function askedAgain(requests: readonly ProxiedRequest[]): { askedAgain: object } {
  const again = requests.filter(({ uri, upstreams }) => uri.endsWith('/login') && upstreams.includes(','))
  const notTaken = again.filter(({ connectSeconds }) => connectSeconds.startsWith('-')).length
  return { askedAgain: { connectionRefused: notTaken, connectionBroken: again.length - notTaken } }
}
