import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { startLoginLoad, summarizeLogins } from './load/login-load.ts'
import { enrolPeer } from './peer/enrol-peer.ts'
import { startTwin, type Twin } from './peer/start-twin.ts'
import { createChaosWorld, type ChaosWorld } from './world/chaos-world.ts'
import { explainFailures } from './world/explain-failures.ts'
import { readMetrics } from './world/read-metrics.ts'

export const twinInstances: Experiment = {
  name: 'P16',
  mostlyWaits: true,
  asked:
    'two processes, one credential, one instance id forced equal: at most 1 replacement of a tunnel in 15 s, 0 failed reviews, an alert',
  async run(size, say) {
    const seconds = size === 'quick' ? 20 : 180
    await using world = await createChaosWorld({ say })
    const start = await prepareTwins(world)
    const first = await start()
    const workload = await world.addWorkload({ gatewayId: start.gatewayId })
    const load = startLoginLoad({ urls: [world.controlPlane.url], workload, perSecond: loginsPerSecond })
    await sleep(1_000)
    const before = await readMetrics(world.controlPlane.url)
    say('a second process with the same instance id starts')
    const second = await start()
    await sleep(seconds * 1_000)
    const ended = await load.stop()
    await explainFailures(world, ended, say)
    const after = await readMetrics(world.controlPlane.url)
    const logins = summarizeLogins(ended)
    const replacements =
      after.sum('postern_tunnels_closed_total', { end: 'replaced' }) -
      before.sum('postern_tunnels_closed_total', { end: 'replaced' })
    const allowed = slotsOfAProcess * (1 + Math.floor(seconds / 15))
    const alerts = await readAlerts(world, [first, second])
    return {
      measured: { seconds, replacements, allowed, alerts, ...logins },
      ok: replacements <= allowed && logins.failed === 0 && Object.values(alerts).every((count) => count > 0),
    }
  },
}

const loginsPerSecond = 50
/** Each is a tunnel of its own, and replaced by itself. */
const slotsOfAProcess = 2

async function prepareTwins(world: ChaosWorld): Promise<(() => Promise<Twin>) & { gatewayId: string }> {
  const { serviceAccount } = await world.addGateway('account-of-twins')
  const credential = await enrolPeer(world.platform, 'twins')
  const start = async (): Promise<Twin> => {
    const twin = await startTwin({
      url: world.controlPlane.url,
      kubernetesUrl: world.cluster.url,
      serviceAccountFolder: serviceAccount.path,
      instanceId: 'copied-from-a-snapshot',
      credential,
    })
    world.defer(() => twin.close())
    return twin
  }
  return Object.assign(start, { gatewayId: credential.gatewayId })
}

/** Where a person would see it: a metric to alert on, and a line on both sides. */
async function readAlerts(
  world: ChaosWorld,
  twins: readonly Twin[],
): Promise<{ metric: number; controlPlaneLogLines: number; gatewayLogLines: number }> {
  const metrics = await readMetrics(world.controlPlane.url)
  const linesWith = (output: string, words: string): number =>
    output.split('\n').filter((line) => line.includes(words)).length
  return {
    metric: metrics.sum('postern_tunnel_duplicate_instances_total'),
    controlPlaneLogLines: linesWith(world.controlPlane.output(), 'have one instance id'),
    gatewayLogLines: twins.reduce((sum, twin) => sum + linesWith(twin.output(), 'same instance id'), 0),
  }
}
