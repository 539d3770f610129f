import { setTimeout as sleep } from 'node:timers/promises'
import { missingReplicaPrograms } from '../processes/installed-programs.ts'
import type { Experiment } from './experiment.ts'
import { startLoginLoad, summarizeLogins, type TimedLogin } from './load/login-load.ts'
import { enrolPeers } from './peer/enrol-peer.ts'
import { startStorm, type Storm } from './storm/start-storm.ts'
import { explainFailures } from './world/explain-failures.ts'
import { createReplicasWorld, untilKnown } from './world/replicas-world.ts'
import { until } from './world/watch-output.ts'

export const replicaKilled: Experiment = {
  name: 'P6',
  asked:
    'kill -9 of one of three control planes: at least 99.9 % of the logins sent to the others succeed; tunnels are back within 5 s at p99',
  missing: missingReplicaPrograms,
  async run(size, say) {
    const { gateways, rounds } = sizes[size]
    await using world = await createReplicasWorld({ say })
    const living = await world.addGateway('living')
    await living.start()
    await untilKnown(world, [living], 2)
    const workload = await world.addWorkload({ gatewayId: living.gatewayId })
    const credentials = await enrolPeers(world.platform, 'others', gateways)
    const others = startStorm({ url: world.set.url, credentials })
    world.defer(() => others.close())
    if ((await until(() => others.up() === gateways, 60_000, 50)) === undefined)
      throw new Error(`only ${others.up()} of ${gateways} gateways came up`)

    const toOthers: TimedLogin[] = []
    const throughNginx: TimedLogin[] = []
    const backMs: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const [killed, ...rest] = rotated(world.set.replicas, round)
      if (killed === undefined) throw new Error('there is a replica')
      const urls = rest.map(({ url }) => url)
      const direct = startLoginLoad({ urls, workload, perSecond: loginsPerSecond })
      const proxied = startLoginLoad({ urls: [world.set.url], workload, perSecond: loginsPerSecond })
      await sleep(beforeMs)
      const watch = watchReturns(others, gateways)
      say(`kill -9 of ${killed.id}`)
      await killed.kill()
      await sleep(afterMs)
      backMs.push(...watch.stop())
      await killed.start()
      await sleep(beforeMs)
      toOthers.push(...(await direct.stop()))
      throughNginx.push(...(await proxied.stop()))
    }
    await explainFailures(world, [...toOthers, ...throughNginx], say)
    const sentToOthers = summarizeLogins(toOthers)
    const succeeded = 1 - sentToOthers.failed / sentToOthers.logins
    const sorted = backMs.toSorted((a, b) => a - b)
    const backMsP99 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Infinity
    return {
      measured: {
        kills: rounds,
        sentToOthers,
        succeededPercent: Math.round(succeeded * 100_000) / 1_000,
        throughNginx: summarizeLogins(throughNginx),
        tunnelsLost: sorted.length,
        backMsP50: Math.round(sorted[Math.floor(sorted.length / 2)] ?? Infinity),
        backMsP99: Math.round(backMsP99),
      },
      ok: succeeded >= succeededLeast && sorted.length > 0 && backMsP99 <= backMsMax,
    }
  },
}

const sizes = { quick: { gateways: 60, rounds: 1 }, full: { gateways: 300, rounds: 6 } } as const
/** Of either kind. */
const loginsPerSecond = 50
const succeededLeast = 0.999
const backMsMax = 5_000
const beforeMs = 1_500
const afterMs = 7_000

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

/** Watches tunnels go and come. `stop` says for each that went when it was back, in ms; Infinity: not yet. */
function watchReturns(gateways: Storm, all: number): { stop(): number[] } {
  const startedAt = performance.now()
  let fewest = all
  const returns: number[] = []
  const timer = setInterval(() => {
    const up = gateways.up()
    fewest = Math.min(fewest, up)
    while (returns.length < up - fewest) returns.push(performance.now() - startedAt)
  }, 10)
  return {
    stop() {
      clearInterval(timer)
      const lost = all - fewest
      // Those that came back before others had gone were not seen to: as late as the last.
      return Array.from({ length: lost }, (_, index) => returns[index] ?? Infinity)
    },
  }
}
