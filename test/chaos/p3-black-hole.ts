import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { startLoginLoad, summarizeLogins, type LoginFigures, type TimedLogin } from './load/login-load.ts'
import { startRelay, type RelayProcess } from './relay/start-relay.ts'
import { createChaosWorld, type ChaosWorld, type WorldGateway } from './world/chaos-world.ts'
import { explainFailures } from './world/explain-failures.ts'
import { until } from './world/watch-output.ts'

export const blackHole: Experiment = {
  name: 'P3',
  asked:
    'pool of two, one black-holed at a random moment, 100 logins a second: all succeed, at most 1 s added at worst and 50 ms after ejection',
  async run(size, say) {
    const { rounds, baselineMs, holeMs } = sizes[size]
    await using world = await createChaosWorld({ say })
    const { relay, workload, members } = await setStage(world)
    const load = startLoginLoad({ urls: [world.controlPlane.url], workload, perSecond: loginsPerSecond })
    await sleep(warmUpMs + baselineMs)
    const baseline = summarizeLogins(between(load.ended, performance.now() - baselineMs, performance.now()))
    const holes: { from: number; until: number }[] = []
    for (let round = 1; round <= rounds; round += 1) {
      await sleep(Math.random() * 1_000)
      const from = performance.now()
      say(`black hole ${round} of ${rounds}, ${Math.round(from)} ms`)
      await relay.apply({ dropsToServer: true, dropsToClient: true })
      await sleep(holeMs)
      holes.push({ from, until: performance.now() })
      if (round < rounds) await untilBack(world, relay, members)
    }
    const logins = await load.stop()
    await explainFailures(world, logins, say)
    return judge(logins, holes, baseline)
  },
}

const loginsPerSecond = 100
const warmUpMs = 3_000
const sizes = {
  quick: { rounds: 1, baselineMs: 3_000, holeMs: 6_000 },
  full: { rounds: 10, baselineMs: 10_000, holeMs: 12_000 },
} as const
/** By then it is out: P2. */
const ejectedWithinMs = 2_000
const addedMsMax = { atWorst: 1_000, afterEjection: 50 } as const

async function setStage(world: ChaosWorld) {
  const relay = await startRelay({ host: '127.0.0.1', port: world.controlPlane.port })
  world.defer(() => relay.close())
  const members = [await world.addGateway('black-holed'), await world.addGateway('healthy')] as const
  await Promise.all([members[0].start({ through: relay }), members[1].start()])
  const gatewayPoolId = await world.addPool('two', members)
  return { relay, members, workload: await world.addWorkload({ gatewayPoolId }) }
}

async function untilBack(
  world: ChaosWorld,
  relay: RelayProcess,
  members: readonly WorldGateway[],
): Promise<void> {
  await relay.heal()
  await relay.cut()
  const back = await until(
    async () => {
      for (const { gatewayId } of members) {
        const { body } = await world.platform.admin.get(`/api/v3/gateways/${gatewayId}`)
        if (!(Number(body['connectedTunnels']) > 0)) return false
      }
      return true
    },
    60_000,
    100,
  )
  if (back === undefined) throw new Error('the gateway did not come back within 60 s')
  // Its canary comes up to 60 s later; a second is enough for the tunnels to settle.
  await sleep(1_000)
}

function judge(
  logins: readonly TimedLogin[],
  holes: readonly { from: number; until: number }[],
  baseline: LoginFigures,
): { measured: Record<string, unknown>; ok: boolean } {
  const all = summarizeLogins(logins)
  const during = summarizeLogins(holes.flatMap((hole) => between(logins, hole.from, hole.until)))
  const after = summarizeLogins(
    holes.flatMap((hole) => between(logins, hole.from + ejectedWithinMs, hole.until)),
  )
  const addedMsAtWorst = Math.round(during.maxMs - baseline.p50Ms)
  const addedMsAfterEjection = Math.round(after.p99Ms - baseline.p99Ms)
  return {
    measured: {
      rounds: holes.length,
      logins: all.logins,
      failed: all.failed,
      ...(all.failures === undefined ? {} : { failures: all.failures }),
      addedMsAtWorst,
      addedMsAfterEjection,
      baseline,
      during,
      after,
    },
    ok:
      all.failed === 0 &&
      addedMsAtWorst <= addedMsMax.atWorst &&
      addedMsAfterEjection <= addedMsMax.afterEjection,
  }
}

function between(logins: readonly TimedLogin[], from: number, to: number): TimedLogin[] {
  return logins.filter(({ dueAt }) => dueAt >= from && dueAt < to)
}
