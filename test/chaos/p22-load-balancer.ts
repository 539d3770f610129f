import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { startLoginLoad, summarizeLogins } from './load/login-load.ts'
import { startRelay } from './relay/start-relay.ts'
import { createChaosWorld } from './world/chaos-world.ts'
import { explainFailures } from './world/explain-failures.ts'

export const loadBalancer: Experiment = {
  name: 'P22',
  asked: 'a load balancer that cuts after 30 s of idleness, or after 5 min of age: 0 failed reviews',
  async run(size, say) {
    await using world = await createChaosWorld({ say })
    const relay = await startRelay({ host: '127.0.0.1', port: world.controlPlane.port })
    world.defer(() => relay.close())
    const gateway = await world.addGateway('behind-load-balancer')
    await gateway.start({ through: relay })
    const workload = await world.addWorkload({ gatewayId: gateway.gatewayId })
    const load = startLoginLoad({ urls: [world.controlPlane.url], workload, perSecond: loginsPerSecond })
    const { cutAfterAgeMs, cutAfterIdleMs, seconds } = sizes[size]
    const cuts: Record<string, number> = {}
    for (const cutBy of ['reset', 'end'] as const) {
      say(`connections are cut after ${cutAfterAgeMs} ms of age by ${cutBy}`)
      const before = (await relay.figures()).cut
      await relay.apply({ cutAfterAgeMs, cutAfterIdleMs, cutBy })
      await sleep(seconds * 1_000)
      cuts[cutBy] = (await relay.figures()).cut - before
    }
    const ended = await load.stop()
    await explainFailures(world, ended, say)
    const logins = summarizeLogins(ended)
    return {
      measured: { cutAfterAgeMs, cutAfterIdleMs, cuts, ...logins },
      // A gateway that has learned the age by two cuts leaves nothing to be cut.
      ok: logins.failed === 0 && Object.values(cuts).some((count) => count > 0),
    }
  },
}

const loginsPerSecond = 20
/** A quick run cannot wait for 5 min: what matters is that both tunnels of a gateway are of one age. */
const sizes = {
  quick: { cutAfterAgeMs: 3_500, cutAfterIdleMs: 30_000, seconds: 8 },
  full: { cutAfterAgeMs: 5 * 60_000, cutAfterIdleMs: 30_000, seconds: 11 * 60 },
} as const
