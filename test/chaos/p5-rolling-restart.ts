import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewayProcess } from '../processes/gateway-process.ts'
import type { Experiment } from './experiment.ts'
import { startLoginLoad, summarizeLogins } from './load/login-load.ts'
import { createChaosWorld } from './world/chaos-world.ts'
import { explainFailures } from './world/explain-failures.ts'

export const rollingRestart: Experiment = {
  name: 'P5',
  asked: 'a rolling restart of a two-process gateway under load, 20 rounds: 0 failed logins',
  async run(size, say) {
    const rounds = size === 'quick' ? 3 : 20
    await using world = await createChaosWorld({ say })
    const gateway = await world.addGateway('restarting')
    // One enrols; the other takes the credential that the first has kept.
    const processes = [await gateway.start(), await gateway.start()]
    const workload = await world.addWorkload({ gatewayId: gateway.gatewayId })
    const load = startLoginLoad({ urls: [world.controlPlane.url], workload, perSecond: loginsPerSecond })
    await sleep(settleMs)
    const exits: Exit[] = []
    for (let round = 1; round <= rounds; round += 1) {
      say(`round ${round} of ${rounds}, ${Math.round(performance.now())} ms`)
      for (const place of processes.keys()) {
        exits.push(await end(processes[place]))
        processes[place] = await gateway.start()
        await sleep(settleMs)
      }
    }
    const ended = await load.stop()
    await explainFailures(world, ended, say)
    const logins = summarizeLogins(ended)
    const drainMs = exits.map((exit) => exit.tookMs)
    const badExits = exits.filter(({ code }) => code !== 0).length
    return {
      measured: { rounds, restarts: exits.length, ...logins, drainMsMax: Math.max(...drainMs), badExits },
      ok: logins.failed === 0 && badExits === 0,
    }
  },
}

const loginsPerSecond = 50
const settleMs = 500

interface Exit {
  code: number | null
  tookMs: number
}

/** As the kubelet ends a pod: one SIGTERM. */
async function end(running: GatewayProcess | undefined): Promise<Exit> {
  const startedAt = performance.now()
  const { code } = (await running?.end('SIGTERM')) ?? { code: null }
  return { code, tookMs: Math.round(performance.now() - startedAt) }
}
