import { randomBytes } from 'node:crypto'
import { startNatsServer } from '@postern/testing/nats-server'
import type { TestCluster } from '@postern/testing/test-cluster'
import { runStatement } from '../../apps/control-plane/src/database/test/run-statement.ts'
import type { Workload } from '../chaos/load/login-load.ts'
import { furnishWorld } from '../chaos/world/chaos-world.ts'
import { countTunnels } from '../chaos/world/replicas-world.ts'
import { createDatabase } from '../chaos/world/start-postgres.ts'
import { until } from '../chaos/world/watch-output.ts'
import { createWorkFolder } from '../chaos/world/work-folder.ts'
import { startControlPlane, type ControlPlaneProcess } from '../processes/control-plane-process.ts'
import { findFreePort } from '../processes/node-process.ts'
import { attachKubernetesAuth, bootstrap, createIdentity, type Platform } from '../processes/platform.ts'
import { findPostgresPid } from './login-cpu.ts'
import { readProcessCpuMicros, readProcessesCpuMicros } from './process-cpu.ts'

/** Control planes on one PostgreSQL and one NATS, each with both tunnels of one gateway. Disposing ends all of it. */
export interface ReplicasBenchWorld extends AsyncDisposable {
  readonly replicas: readonly BenchReplica[]
  readonly cpu: CpuOfParts
  /** Of the audit log with its indexes, as PostgreSQL stores it. */
  auditBytesPerEvent(): Promise<number>
  /** Identities that each of the first replica's pods may log in as. */
  addIdentities(count: number): Promise<string[]>
}

export interface BenchReplica {
  readonly url: string
  readonly gatewayId: string
  /** What the gateway reviews whose tunnels are here, and nowhere else. */
  readonly workloads: readonly Workload[]
}

/** CPU that each part has used so far, in microseconds. */
export interface CpuOfParts {
  controlPlane(index: number): number
  gateways(): number
  postgres(): number
  nats(): number
}

export interface ReplicasBenchOptions {
  count: number
  cluster: TestCluster
  /** Of a server whose role may create databases. */
  postgresUrl: string
  say: (line: string) => void
}

/** Of 20 pods each: a gateway makes one call of identical reviews, so there are more pods than logins under way. */
const workloadsPerGateway = 5
const tunnelsPerGateway = 2
const creatorsAtOnce = 8

export async function createReplicasBenchWorld(options: ReplicasBenchOptions): Promise<ReplicasBenchWorld> {
  const { count, cluster, postgresUrl, say } = options
  await using stack = new AsyncDisposableStack()
  const folder = await createWorkFolder()
  stack.defer(() => folder.close())
  const nats = await startNatsServer()
  stack.defer(() => nats.stop())
  const database = await createDatabase({ url: postgresUrl })
  stack.defer(() => database.close())
  const controlPlanes = await startControlPlanes(
    { count, databaseUrl: database.url, natsUrl: nats.url },
    stack,
  )
  const [first] = controlPlanes
  if (first === undefined) throw new Error('at least one replica')
  const platform = await bootstrap(first.url)
  const around = {
    cluster,
    folder: folder.path,
    publicUrl: first.url,
    platform,
    stack: stack.use(new AsyncDisposableStack()),
  }
  const world = furnishWorld(around)
  const replicas: BenchReplica[] = []
  const gatewayPids: number[] = []
  for (const [index, { url, port }] of controlPlanes.entries()) {
    const gateway = await world.addGateway(`bench-${index}`)
    gatewayPids.push((await gateway.start({ through: { address: `127.0.0.1:${port}` } })).pid)
    await untilKnownBy(controlPlanes, platform, gateway.gatewayId)
    const workloads: Workload[] = []
    while (workloads.length < workloadsPerGateway) workloads.push(await world.addWorkload(gateway))
    replicas.push({ url, gatewayId: gateway.gatewayId, workloads })
    say(`${url} holds both tunnels of ${gateway.name}`)
  }
  const postgresPid = await findPostgresPid(postgresUrl)
  const natsPid = nats.processId() ?? 0
  const all = stack.move()
  return {
    replicas,
    cpu: {
      controlPlane: (index) => readProcessCpuMicros(controlPlanes[index]?.pid ?? 0),
      gateways: () => gatewayPids.reduce((sum, pid) => sum + readProcessCpuMicros(pid), 0),
      postgres: () => readProcessesCpuMicros(postgresPid),
      nats: () => readProcessCpuMicros(natsPid),
    },
    auditBytesPerEvent: () => measureAuditLog(database.url),
    addIdentities: (more) => addIdentities(platform, replicas[0]?.gatewayId ?? '', more),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

async function addIdentities(platform: Platform, gatewayId: string, count: number): Promise<string[]> {
  const ids: string[] = []
  const add = async (): Promise<void> => {
    for (let left = Math.ceil(count / creatorsAtOnce); left > 0; left -= 1) {
      const identityId = await createIdentity(platform, `many-${randomBytes(6).toString('hex')}`)
      const rules = {
        allowedNamespaces: '*',
        allowedNames: '*',
        accessTokenTTL: 600,
        accessTokenMaxTTL: 3600,
      }
      await attachKubernetesAuth(platform, identityId, { tokenReviewMode: 'gateway', gatewayId, ...rules })
      ids.push(identityId)
    }
  }
  await Promise.all(Array.from({ length: creatorsAtOnce }, add))
  return ids
}

/** All known to gateways by the URL of the first, and each dialled by a gateway of its own. */
async function startControlPlanes(
  { count, databaseUrl, natsUrl }: { count: number; databaseUrl: string; natsUrl: string },
  stack: AsyncDisposableStack,
): Promise<ControlPlaneProcess[]> {
  const rootKey = randomBytes(32).toString('base64')
  const started: ControlPlaneProcess[] = []
  const firstPort = await findFreePort()
  for (let index = 0; index < count; index += 1) {
    const controlPlane = await startControlPlane({
      databaseUrl,
      rootKey,
      port: index === 0 ? firstPort : await findFreePort(),
      environment: {
        POSTERN_URL: `http://127.0.0.1:${firstPort}`,
        POSTERN_REPLICA_ID: `replica-${index + 1}`,
        POSTERN_NATS_URL: natsUrl,
        POSTERN_LOGINS_PER_MINUTE_PER_IP: '0',
        POSTERN_FAILED_LOGINS_PER_MINUTE_PER_IDENTITY: '0',
        POSTERN_WRITES_PER_MINUTE_PER_ACTOR: '0',
      },
    })
    stack.defer(async () => void (await controlPlane.end('SIGKILL')))
    started.push(controlPlane)
  }
  return started
}

async function untilKnownBy(
  controlPlanes: readonly ControlPlaneProcess[],
  platform: Platform,
  gatewayId: string,
): Promise<void> {
  const took = await until(
    async () => {
      const counts = await Promise.all(
        controlPlanes.map(({ url }) => countTunnels({ platform }, url, gatewayId)),
      )
      return counts.every((count) => count >= tunnelsPerGateway)
    },
    30_000,
    100,
  )
  if (took === undefined) throw new Error(`the replicas do not know of ${tunnelsPerGateway} tunnels`)
}

async function measureAuditLog(databaseUrl: string): Promise<number> {
  const [row] = await runStatement(
    databaseUrl,
    `select (select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = 'audit_events'::regclass)
       / (select count(*) from audit_events) as bytes`,
  )
  return Math.round(Number(row?.['bytes']))
}
