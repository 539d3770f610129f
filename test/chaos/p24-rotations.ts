import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { startLoginLoad, summarizeLogins } from './load/login-load.ts'
import { type ChaosWorld, createChaosWorld } from './world/chaos-world.ts'
import { explainFailures } from './world/explain-failures.ts'
import { until } from './world/watch-output.ts'

export const rotations: Experiment = {
  name: 'P24',
  asked:
    'the gateway’s key and its pod’s token rotate under load, two processes on one credential: 0 failed logins',
  async run(size, say) {
    const wanted = size === 'quick' ? 2 : 20
    await using world = await createChaosWorld({ say })
    const gateway = await world.addGateway('rotating')
    const options = { environment: { POSTERN_KEY_ROTATION_HOURS: String(rotationMs / 3_600_000) } }
    let processesLeft = 0
    for (const running of [await gateway.start(options), await gateway.start(options)]) {
      void running.ended.then(() => (processesLeft += 1))
    }
    const workload = await world.addWorkload({ gatewayId: gateway.gatewayId })
    const load = startLoginLoad({ urls: [world.controlPlane.url], workload, perSecond: loginsPerSecond })
    let tokensReplaced = 0
    const keysRotated = await untilRotated(
      world,
      { wanted, withinMs: wanted * rotationMs * 3 },
      async (count) => {
        say(`${count} of ${wanted} keys rotated`)
        await gateway.serviceAccount.rotate()
        tokensReplaced += 1
      },
    )
    await sleep(settleMs)
    const ended = await load.stop()
    await explainFailures(world, ended, say)
    const logins = summarizeLogins(ended)
    const tunnels = await countTunnels(world, gateway.gatewayId)
    return {
      measured: { keysRotated, tokensReplaced, ...logins, processesLeft, tunnelsAtEnd: tunnels },
      ok: logins.failed === 0 && keysRotated >= wanted && processesLeft === 0 && tunnels >= 2,
    }
  },
}

const loginsPerSecond = 50
/** The control plane takes no new key within ten seconds of the last. */
const rotationMs = 11_000
const settleMs = 2000

interface Patience {
  wanted: number
  withinMs: number
}

/** @returns how many new keys the audit log has; `each` runs once a second with the number so far */
async function untilRotated(
  world: ChaosWorld,
  { wanted, withinMs }: Patience,
  each: (count: number) => Promise<void>,
): Promise<number> {
  let count = 0
  await until(
    async () => {
      count = await countRotations(world)
      await each(count)
      return count >= wanted
    },
    withinMs,
    1000,
  )
  return count
}

async function countRotations({ platform }: ChaosWorld): Promise<number> {
  const { body } = await platform.admin.get(
    '/api/v1/audit-logs?event=gateway-key-rotated&outcome=success&limit=100',
  )
  const events = Array.isArray(body['auditLogs']) ? (body['auditLogs'] as { details?: object }[]) : []
  return events.filter(({ details }) => details !== undefined && Reflect.get(details, 'isRepeated') === false)
    .length
}

async function countTunnels({ platform }: ChaosWorld, gatewayId: string): Promise<number> {
  const { body } = await platform.admin.get(`/api/v3/gateways/${gatewayId}`)
  return Number(body['connectedTunnels'])
}
