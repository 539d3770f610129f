import { constants, setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { startLoginLoad, summarizeLogins, type TimedLogin } from './load/login-load.ts'
import { enrolPeers } from './peer/enrol-peer.ts'
import { startRelay } from './relay/start-relay.ts'
import { startStorm } from './storm/start-storm.ts'
import { createChaosWorld } from './world/chaos-world.ts'
import { readMetrics } from './world/read-metrics.ts'
import { until } from './world/watch-output.ts'

export const storm: Experiment = {
  name: 'P8',
  asked:
    '2,000 gateways dropped at once: all back within 60 s, at most 100 handshakes a second, login p99 on the living at most 2 × baseline',
  async run(size, say) {
    const { gateways, baselineMs, loginsPerSecond } = sizes[size]
    await using world = await createChaosWorld({ say })
    const living = await world.addGateway('living')
    await living.start()
    const workload = await world.addWorkload({ gatewayId: living.gatewayId })
    const relay = await startRelay({ host: '127.0.0.1', port: world.controlPlane.port })
    world.defer(() => relay.close())
    // Like the storm's gateways, the network has machines of its own; but it is there before them.
    setPriority(relay.pid, constants.priority.PRIORITY_BELOW_NORMAL)
    say(`${gateways} gateways enrol`)
    const { url } = world.controlPlane
    const credentials = await enrolPeers(world.platform, 'storm', gateways)
    const clients = startStorm({ url, credentials }, relay)
    world.defer(() => clients.close())
    if ((await until(() => clients.up() === gateways, 120_000, 50)) === undefined)
      throw new Error(`only ${clients.up()} of ${gateways} gateways came up`)

    say('baseline: all tunnels are up')
    // From here on: what it costs to count is to be the same on both sides.
    const handshakes = watchHandshakes(url)
    const load = startLoginLoad({ urls: [url], workload, perSecond: loginsPerSecond })
    await sleep(warmUpMs + baselineMs)
    say('every tunnel through the relay is cut')
    const cutAt = performance.now()
    await relay.cut()
    await until(() => clients.up() < gateways, 5_000, 5)
    const backMs = await until(() => clients.up() === gateways, backWithinMs * 2, 20)
    const rates = await handshakes.stop()
    const endedAt = performance.now()
    // The gateways are sooner back than a quick baseline is long: a p99 wants as many logins on both sides.
    await sleep(Math.max(0, cutAt + baselineMs - endedAt))
    const logins = await load.stop()

    const within = (from: number, to: number): TimedLogin[] =>
      logins.filter(({ dueAt }) => dueAt >= from && dueAt < to)
    const baseline = summarizeLogins(within(cutAt - baselineMs, cutAt))
    const during = summarizeLogins(within(cutAt, Math.max(endedAt, cutAt + baselineMs)))
    return {
      measured: {
        gateways,
        backMs: backMs === undefined ? 'never' : Math.round(backMs),
        handshakesPerSecondMax: rates,
        baseline,
        during,
        ofBaseline: Math.round((during.p99Ms / baseline.p99Ms) * 100) / 100,
      },
      ok:
        backMs !== undefined &&
        backMs <= backWithinMs &&
        rates <= handshakesPerSecondMax &&
        during.failed === 0 &&
        during.p99Ms <= 2 * baseline.p99Ms,
    }
  },
}

const sizes = {
  quick: { gateways: 300, baselineMs: 5_000, loginsPerSecond: 50 },
  full: { gateways: 2_000, baselineMs: 30_000, loginsPerSecond: 50 },
} as const
const warmUpMs = 2_000
const backWithinMs = 60_000
const handshakesPerSecondMax = 100

/** The most tunnels that were opened in a second, as the control plane counts them. */
function watchHandshakes(url: string): { stop(): Promise<number> } {
  const samples: Sample[] = []
  const stop = new AbortController()
  async function look(): Promise<void> {
    while (!stop.signal.aborted) {
      const askedAt = performance.now()
      const metrics = await readMetrics(url)
      const opened = metrics.sum('postern_tunnels_opened_total')
      samples.push({ askedAt, answeredAt: metrics.at, opened })
      await sleep(lookEveryMs)
    }
  }
  const looking = look()
  return {
    async stop() {
      stop.abort()
      await looking
      return mostPerSecond(samples)
    },
  }
}

/** A look costs the control plane some milliseconds, which are not to be missing where logins are measured. */
const lookEveryMs = 250
const spanMs = 1_000

interface Sample {
  /** They were counted between the two. */
  askedAt: number
  answeredAt: number
  opened: number
}

/** What a slow answer could add is taken off: from before the first count to after the later one. */
function mostPerSecond(samples: readonly Sample[]): number {
  let most = 0
  for (const [index, { askedAt, opened }] of samples.entries()) {
    const later = samples.slice(index + 1).find((sample) => sample.answeredAt - askedAt >= spanMs)
    if (later === undefined) break
    most = Math.max(most, ((later.opened - opened) / (later.answeredAt - askedAt)) * 1_000)
  }
  return Math.round(most)
}
