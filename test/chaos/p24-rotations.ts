import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestCluster } from '@postern/testing/test-cluster'
import { findFreePort } from '../processes/node-process.ts'
import type { Experiment, ExperimentSize, Finding } from './experiment.ts'
import { startLoginLoad, summarizeLogins } from './load/login-load.ts'
import { type ChangingFront, startChangingFront } from './network/start-changing-front.ts'
import { type ChaosWorld, createChaosWorld, type WorldGateway } from './world/chaos-world.ts'
import { explainFailures } from './world/explain-failures.ts'
import { openCluster } from './world/open-cluster.ts'
import { until } from './world/watch-output.ts'
import { createWorkFolder } from './world/work-folder.ts'

export const rotations: Experiment = {
  name: 'P24',
  mostlyWaits: true,
  asked:
    'the gateway’s key, its pod’s token, the API server’s authority and the control plane’s rotate under load, two processes on one credential: 0 failed logins',
  async run(size, say) {
    await using ends = new AsyncDisposableStack()
    const stage = await setStage(ends, say)
    const { world, gateway } = stage
    let processesLeft = 0
    for (const running of [await gateway.start(stage.options), await gateway.start(stage.options)]) {
      void running.ended.then(() => (processesLeft += 1))
    }
    const gatewayPoolId = await world.addPool('rotating', [gateway])
    const workload = await world.addWorkload({ gatewayPoolId })
    const load = startLoginLoad({ urls: [world.controlPlane.url], workload, perSecond: loginsPerSecond })
    const renewal = renewAccount(gateway)
    const [keysRotated, { apiServerReconnectedMs, tunnelsReconnectedMs }] = await Promise.all([
      rotateKeys(stage, { size, renew: renewal.renew }),
      changeBoth(stage, { size, renew: renewal.renew }),
    ])
    await sleep(settleMs)
    const ended = await load.stop()
    await explainFailures(world, ended, say)
    return judge({
      keysRotated,
      keysWanted: rounds[size].keys,
      tokensReplaced: renewal.count(),
      apiServerReconnectedMs,
      tunnelsReconnectedMs,
      logins: summarizeLogins(ended),
      processesLeft,
      tunnelsAtEnd: await countTunnels(world, gateway.gatewayId),
    })
  },
}

const loginsPerSecond = 50
/** The control plane takes no new key within ten seconds of the last. */
const rotationMs = 11_000
const settleMs = 2000
/** A gateway reads its service account's folder every five seconds. */
const rereadMs = 5_500
/** A tunnel that served so long is dialled again at once; more breaks than that would try the back-off. */
const stableMs = 31_000
/** How many keys, and for each change of an authority how long its clients are given to read a bundle. */
const rounds = {
  quick: { keys: 2, apiServer: { noticesMs: [0, rereadMs] }, tunnels: { noticesMs: [0, 0] } },
  full: {
    keys: 20,
    apiServer: { noticesMs: Array.from({ length: 10 }, (_, round) => (round % 2) * rereadMs) },
    tunnels: { noticesMs: Array.from({ length: 3 }, () => stableMs) },
  },
}
/** Between the changes of one authority. */
const pauseMs = 2_000

interface Stage {
  world: ChaosWorld
  gateway: WorldGateway
  options: { environment: Record<string, string> }
  /** What gateways take for the API server, and for the control plane. */
  apiServer: ChangingFront
  controlPlane: ChangingFront
  /** Of the control plane's authorities. */
  trust: (bundle: string) => Promise<void>
  say: (line: string) => void
}

async function setStage(ends: AsyncDisposableStack, say: (line: string) => void): Promise<Stage> {
  const folder = await createWorkFolder()
  ends.defer(() => folder.close())
  const port = await findFreePort()
  const controlPlane = await startChangingFront('control plane', { host: '127.0.0.1', port })
  ends.defer(() => controlPlane.close())
  const cluster = await openCluster()
  const { hostname, port: clusterPort } = new URL(cluster.url)
  const apiServer = await startChangingFront('cluster', {
    host: hostname,
    port: Number(clusterPort),
    caCert: cluster.caCert,
  })
  ends.defer(() => apiServer.close())
  const world = await createChaosWorld({
    say,
    cluster: behind(cluster, apiServer),
    front: { port, publicUrl: `https://localhost:${controlPlane.port}` },
  })
  ends.use(world)
  const file = join(folder.path, 'authorities.pem')
  const trust = async (bundle: string): Promise<void> => {
    // By renaming: whoever reads meanwhile reads a whole bundle.
    await writeFile(`${file}.next`, bundle)
    await rename(`${file}.next`, file)
  }
  await trust(controlPlane.bundle())
  const environment = {
    POSTERN_KEY_ROTATION_HOURS: String(rotationMs / 3_600_000),
    POSTERN_EXTRA_CA_FILE: file,
  }
  const gateway = await world.addGateway('rotating')
  return { world, gateway, options: { environment }, apiServer, controlPlane, trust, say }
}

/** As gateways see it. The experiment's own calls go past the front: they are not what is tried. */
function behind(cluster: TestCluster, front: ChangingFront): TestCluster {
  return {
    ...cluster,
    url: `https://127.0.0.1:${front.port}`,
    get caCert() {
      return front.bundle()
    },
  }
}

/** Writes the pod's token, and the authorities that are trusted now, into its folder: one after another. */
function renewAccount({ serviceAccount }: WorldGateway): { renew: () => Promise<void>; count: () => number } {
  let count = 0
  let last = Promise.resolve()
  async function renewAfter(before: Promise<void>): Promise<void> {
    await before
    await serviceAccount.rotate()
    count += 1
  }
  return {
    count: () => count,
    renew: () => (last = renewAfter(last)),
  }
}

interface Renewing {
  size: ExperimentSize
  renew: () => Promise<void>
}

/** One after the other: a review whose two attempts meet two outages at once is not what is asked here. */
async function changeBoth(
  { apiServer, controlPlane, trust }: Stage,
  { size, renew }: Renewing,
): Promise<Pick<Outcome, 'apiServerReconnectedMs' | 'tunnelsReconnectedMs'>> {
  const ofApiServer = { ...rounds[size].apiServer, trust: renew, connections: 2 }
  const apiServerReconnectedMs = await changeAuthorities(apiServer, ofApiServer)
  const ofTunnels = { ...rounds[size].tunnels, trust, connections: 4 }
  return { apiServerReconnectedMs, tunnelsReconnectedMs: await changeAuthorities(controlPlane, ofTunnels) }
}

interface AuthorityChanges {
  trust: (bundle: string) => Promise<void>
  connections: number
  /** One for each change. */
  noticesMs: readonly number[]
}

async function changeAuthorities(
  front: ChangingFront,
  { noticesMs, trust, connections }: AuthorityChanges,
): Promise<(number | undefined)[]> {
  const reconnectedMs: (number | undefined)[] = []
  for (const noticeMs of noticesMs) {
    await sleep(pauseMs)
    reconnectedMs.push(...(await front.changeAuthority({ trust, noticeMs, connections })))
  }
  return reconnectedMs
}

/** @returns how many new keys the audit log has; the pod's token is renewed once a second meanwhile */
async function rotateKeys({ world, say }: Stage, { size, renew }: Renewing): Promise<number> {
  const wanted = rounds[size].keys
  let count = 0
  await until(
    async () => {
      count = await countRotations(world)
      say(`${count} of ${wanted} keys rotated`)
      await renew()
      return count >= wanted
    },
    wanted * rotationMs * 3,
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

interface Outcome {
  keysRotated: number
  keysWanted: number
  tokensReplaced: number
  /** After each time that all connections broke, until they were there again. */
  apiServerReconnectedMs: readonly (number | undefined)[]
  tunnelsReconnectedMs: readonly (number | undefined)[]
  logins: ReturnType<typeof summarizeLogins>
  processesLeft: number
  tunnelsAtEnd: number
}

function judge({ keysWanted, logins, ...outcome }: Outcome): Finding {
  const { keysRotated, processesLeft, tunnelsAtEnd } = outcome
  const reconnectedMs = [...outcome.apiServerReconnectedMs, ...outcome.tunnelsReconnectedMs]
  const shown = (all: readonly (number | undefined)[]): (number | 'never')[] =>
    all.map((ms) => (ms === undefined ? 'never' : Math.round(ms)))
  return {
    measured: {
      ...outcome,
      apiServerReconnectedMs: shown(outcome.apiServerReconnectedMs),
      tunnelsReconnectedMs: shown(outcome.tunnelsReconnectedMs),
      ...logins,
    },
    ok:
      logins.failed === 0 &&
      keysRotated >= keysWanted &&
      reconnectedMs.every((ms) => ms !== undefined) &&
      processesLeft === 0 &&
      tunnelsAtEnd >= 2,
  }
}
