import { setTimeout as sleep } from 'node:timers/promises'
import { missingReplicaPrograms } from '../processes/installed-programs.ts'
import type { Experiment } from './experiment.ts'
import { faultUnderLoad } from './load/fault-under-load.ts'
import { addCheckedWorkloads, createReplicasWorld } from './world/replicas-world.ts'
import { startRestartablePostgres } from './world/start-restartable-postgres.ts'

export const postgresRestarted: Experiment = {
  name: 'postgres-restarted',
  asked:
    'PostgreSQL restarted, and killed (-9) and started, at 100 logins a second: no login is answered wrongly, nothing committed is lost, all are served again within 5 s',
  missing: missingReplicaPrograms,
  async run(size, say) {
    const { rounds, downMs, backMs } = sizes[size]
    const postgres = await startRestartablePostgres()
    await using world = await createReplicasWorld({ say, postgres })
    const workloads = await addCheckedWorkloads(world)
    return await faultUnderLoad({
      world,
      ...workloads,
      say,
      async strike(note) {
        for (let round = 1; round <= rounds; round += 1) {
          for (const end of ['stop', 'kill'] as const) {
            say(`round ${round}: PostgreSQL is ended by ${end} for ${downMs} ms`)
            const from = performance.now()
            await postgres.order(end)
            await sleep(downMs)
            await postgres.order('start')
            note({ name: end, from, over: performance.now() })
            await sleep(backMs)
          }
        }
      },
    })
  },
}

const sizes = {
  quick: { rounds: 1, downMs: 500, backMs: 5_000 },
  full: { rounds: 8, downMs: 5_000, backMs: 9_000 },
} as const
