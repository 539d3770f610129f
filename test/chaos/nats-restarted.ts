import { setTimeout as sleep } from 'node:timers/promises'
import { missingReplicaPrograms } from '../processes/installed-programs.ts'
import type { Experiment } from './experiment.ts'
import { faultUnderLoad } from './load/fault-under-load.ts'
import { addCheckedWorkloads, createReplicasWorld } from './world/replicas-world.ts'

export const natsRestarted: Experiment = {
  name: 'nats-restarted',
  asked:
    'all three NATS nodes down and back at 100 logins a second: control planes stay ready, logins whose gateway is connected to the one they reach go on, no login is answered wrongly, nothing committed is lost, all are served again within 5 s',
  missing: missingReplicaPrograms,
  async run(size, say) {
    const { rounds, downMs, backMs } = sizes[size]
    await using world = await createReplicasWorld({ say })
    const workloads = await addCheckedWorkloads(world)
    const { nats, replicas } = world.set
    const outages: { from: number; over: number }[] = []
    let notReady = 0
    const { measured, ok, logins } = await faultUnderLoad({
      world,
      ...workloads,
      say,
      async strike(note) {
        for (let round = 1; round <= rounds; round += 1) {
          say(`round ${round}: NATS is down for ${downMs} ms`)
          const from = performance.now()
          await Promise.all(nats.nodes.map((node) => node.end(round % 2 === 1 ? 'SIGKILL' : 'SIGTERM')))
          await sleep(downMs)
          const probes = await Promise.all(replicas.map(({ url }) => fetch(`${url}/readyz`)))
          notReady += probes.filter(({ status }) => status !== 200).length
          outages.push({ from, over: performance.now() })
          await Promise.all(nats.nodes.map((node) => node.start()))
          note({ name: 'NATS down', from, over: performance.now() })
          await sleep(backMs)
        }
      },
    })
    const during = logins.filter(({ dueAt }) =>
      outages.some(({ from, over }) => dueAt >= from && dueAt < over),
    )
    const served = during.filter(({ outcome }) => outcome.kind === 'accepted').length
    const slowestMs = Math.round(Math.max(...during.map(({ latencyMs }) => latencyMs)))
    return {
      measured: { ...measured, notReady, servedWithoutNats: served, ofLogins: during.length, slowestMs },
      ok: ok && notReady === 0 && served > 0 && slowestMs <= slowestMsMax,
    }
  },
}

const sizes = {
  quick: { rounds: 1, downMs: 3_000, backMs: 5_000 },
  full: { rounds: 6, downMs: 20_000, backMs: 9_000 },
} as const
/** Nothing hangs: a login that finds no way to its gateway waits some three seconds for one. */
const slowestMsMax = 6_000
