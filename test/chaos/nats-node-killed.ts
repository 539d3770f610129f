import { setTimeout as sleep } from 'node:timers/promises'
import { missingReplicaPrograms } from '../processes/installed-programs.ts'
import type { Experiment } from './experiment.ts'
import { faultUnderLoad } from './load/fault-under-load.ts'
import { addCheckedWorkloads, createReplicasWorld } from './world/replicas-world.ts'

export const natsNodeKilled: Experiment = {
  name: 'nats-node-killed',
  asked:
    'kill -9 of the NATS node that most control planes are connected to, at 100 logins a second: no login is answered wrongly, nothing committed is lost, all are served again within 5 s',
  missing: missingReplicaPrograms,
  async run(size, say) {
    const { rounds, downMs } = sizes[size]
    await using world = await createReplicasWorld({ say })
    const workloads = await addCheckedWorkloads(world)
    const { nodes } = world.set.nats
    return await faultUnderLoad({
      world,
      ...workloads,
      say,
      async strike(note) {
        for (let round = 1; round <= rounds; round += 1) {
          const counts = await Promise.all(nodes.map(({ httpUrl }) => countConnections(httpUrl)))
          const node = nodes[counts.indexOf(Math.max(...counts))]
          if (node === undefined) throw new Error('there are nodes')
          say(`kill -9 of ${node.name}, which ${Math.max(...counts)} control planes are connected to`)
          const from = performance.now()
          await node.end('SIGKILL')
          // Whoever was connected to it has two others: the end of the fault is its moment.
          note({ name: node.name, from, over: from })
          await sleep(downMs)
          await node.start()
          await world.set.nats.untilJoined()
          await sleep(backMs)
        }
      },
    })
  },
}

const sizes = { quick: { rounds: 1, downMs: 4_000 }, full: { rounds: 10, downMs: 10_000 } } as const
const backMs = 1_000

async function countConnections(httpUrl: string): Promise<number> {
  const answer = await fetch(`${httpUrl}/connz`)
  return ((await answer.json()) as { num_connections: number }).num_connections
}
