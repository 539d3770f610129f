import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { startControlPlane, type ControlPlaneProcess } from './control-plane-process.ts'
import { startNatsCluster, type NatsCluster } from './nats-cluster.ts'
import { startNginx, type NginxProcess } from './nginx-process.ts'
import { findFreePort } from './node-process.ts'

export interface ReplicaSetOptions {
  folder: string
  databaseUrl: string
  /** Of each control plane. */
  environment?: Record<string, string>
  /** Told of a control plane that ended without being asked to, with the end of its output. */
  onDeath?: (id: string, output: string) => void
}

/** Three control planes behind nginx, with NATS between them: the processes of deploy/compose, on loopback. */
export interface ReplicaSet {
  /** Of nginx, as gateways and workloads know it. */
  readonly url: string
  readonly replicas: readonly Replica[]
  readonly nats: NatsCluster
  readonly nginx: NginxProcess
  close(): Promise<void>
}

export interface Replica {
  readonly id: string
  /** `127.0.0.1:8080`, past nginx. */
  readonly address: string
  readonly url: string
  /** As it runs, or as it was before it ended. */
  readonly process: ControlPlaneProcess
  /** As a supervisor ends it. */
  stop(): Promise<{ code: number | null; tookMs: number }>
  kill(): Promise<void>
  /** Resolves when it is ready. */
  start(): Promise<void>
}

const replicaCount = 3

export async function startReplicaSet(options: ReplicaSetOptions): Promise<ReplicaSet> {
  await using building = new AsyncDisposableStack()
  const nats = await startNatsCluster()
  building.defer(() => nats.close())
  const nginxPort = await findFreePort()
  const url = `http://127.0.0.1:${nginxPort}`
  const environment = {
    POSTERN_URL: url,
    POSTERN_ROOT_KEY: randomBytes(32).toString('base64'),
    POSTERN_TRUSTED_PROXIES: '127.0.0.1/32',
    POSTERN_LOGINS_PER_MINUTE_PER_IP: '0',
    POSTERN_FAILED_LOGINS_PER_MINUTE_PER_IDENTITY: '0',
    POSTERN_WRITES_PER_MINUTE_PER_ACTOR: '0',
    ...nats.environment,
    ...options.environment,
  }
  const replicas: Replica[] = []
  // The first alone: it brings the database up to date. An operator's may come all at once, which costs them a wait.
  for (let number = 1; number <= replicaCount; number += 1) {
    const replica = await startReplica(`replica-${number}`, { ...options, environment })
    building.defer(() => replica.kill())
    replicas.push(replica)
  }
  const nginx = await startNginx({
    folder: join(options.folder, 'nginx'),
    port: nginxPort,
    replicas: replicas.map(({ address }) => address),
  })
  building.defer(async () => void (await nginx.end()))
  const all = building.move()
  return { url, replicas, nats, nginx, close: () => all.disposeAsync() }
}

async function startReplica(
  id: string,
  { databaseUrl, environment, onDeath }: Omit<ReplicaSetOptions, 'folder'>,
): Promise<Replica> {
  const port = await findFreePort()
  const streamsPort = await findFreePort()
  const options = {
    databaseUrl,
    port,
    environment: {
      ...environment,
      POSTERN_REPLICA_ID: id,
      POSTERN_REPLICA_LISTEN: `127.0.0.1:${streamsPort}`,
    },
  }
  const asked = new Set<ControlPlaneProcess>()
  async function begin(): Promise<ControlPlaneProcess> {
    const begun = await startControlPlane(options)
    void tellOfDeath(begun)
    return begun
  }
  async function tellOfDeath(begun: ControlPlaneProcess): Promise<void> {
    await begun.ended
    if (!asked.has(begun)) onDeath?.(id, begun.output().slice(-3_000))
  }
  let running = await begin()
  function end(signal: NodeJS.Signals): Promise<{ code: number | null }> {
    asked.add(running)
    return running.end(signal)
  }
  return {
    id,
    address: `127.0.0.1:${port}`,
    url: running.url,
    get process() {
      return running
    },
    async stop() {
      const startedAt = performance.now()
      const { code } = await end('SIGTERM')
      return { code, tookMs: Math.round(performance.now() - startedAt) }
    },
    async kill() {
      await end('SIGKILL')
    },
    async start() {
      running = await begin()
    },
  }
}
