import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { startLoginLoad, summarizeLogins, type LoginFigures } from './load/login-load.ts'
import type { LinkFaults } from './relay/link-faults.ts'
import { startRelay } from './relay/start-relay.ts'
import { createChaosWorld, type ChaosWorld } from './world/chaos-world.ts'
import { explainFailures } from './world/explain-failures.ts'

export const loadBalancer: Experiment = {
  name: 'P22',
  asked:
    'a load balancer that cuts after 30 s of idleness, or after 5 min of age, by RST, by FIN or without a word: 0 failed reviews',
  async run(size, say) {
    await using world = await createChaosWorld({ say })
    const { seconds, cutAfterAgeMs, silentAfterAgeMs } = sizes[size]
    // Each balancer has its own gateway: one that has learned the age of cuts leaves nothing to be forgotten.
    const [told, silent] = await Promise.all([
      runBehind(world, { cutAfterAgeMs, ways: ['reset', 'end'], seconds }, say),
      runBehind(world, { cutAfterAgeMs: silentAfterAgeMs, ways: ['silence'], seconds: 2 * seconds }, say),
    ])
    const isEachCut = [told, silent].every(({ cuts }) => Object.values(cuts).some((count) => count > 0))
    return {
      measured: { cutAfterIdleMs, told, silent },
      ok: isEachCut && told.failed === 0 && silent.failed === 0,
    }
  },
}

const loginsPerSecond = 20
const cutAfterIdleMs = 30_000
/** A quick run cannot wait for 5 min: what matters is that both tunnels of a gateway are of one age. */
const sizes = {
  quick: { cutAfterAgeMs: 3_500, silentAfterAgeMs: 6_000, seconds: 9 },
  full: { cutAfterAgeMs: 5 * 60_000, silentAfterAgeMs: 5 * 60_000, seconds: 11 * 60 },
} as const

interface Balancer {
  cutAfterAgeMs: number
  /** One after the other. */
  ways: readonly LinkFaults['cutBy'][]
  /** Each. */
  seconds: number
}

interface BalancerFigures extends LoginFigures {
  cutAfterAgeMs: number
  cuts: Partial<Record<LinkFaults['cutBy'], number>>
}

async function runBehind(
  world: ChaosWorld,
  { cutAfterAgeMs, ways, seconds }: Balancer,
  say: (line: string) => void,
): Promise<BalancerFigures> {
  const relay = await startRelay({ host: '127.0.0.1', port: world.controlPlane.port })
  world.defer(() => relay.close())
  const gateway = await world.addGateway(`behind-${ways[0]}`)
  await gateway.start({ through: relay })
  const workload = await world.addWorkload({ gatewayId: gateway.gatewayId })
  const load = startLoginLoad({ urls: [world.controlPlane.url], workload, perSecond: loginsPerSecond })
  const cuts: BalancerFigures['cuts'] = {}
  for (const cutBy of ways) {
    say(`connections are cut after ${cutAfterAgeMs} ms of age by ${cutBy}`)
    const before = (await relay.figures()).cut
    await relay.apply({ cutAfterAgeMs, cutAfterIdleMs, cutBy })
    await sleep(seconds * 1_000)
    cuts[cutBy] = (await relay.figures()).cut - before
  }
  const ended = await load.stop()
  await explainFailures(world, ended, say)
  return { cutAfterAgeMs, cuts, ...summarizeLogins(ended) }
}
