import { createPosternApi, expectOk } from '../../processes/postern-api.ts'
import { bootstrap } from '../../processes/platform.ts'
import { startReplicaSet, type ReplicaSet } from '../../processes/replica-set.ts'
import type { Workload } from '../load/login-load.ts'
import { furnishWorld, type FurnishedWorld, type WorldGateway } from './chaos-world.ts'
import { openCluster } from './open-cluster.ts'
import { createDatabase, openPostgres, type ChaosPostgres } from './start-postgres.ts'
import { until } from './watch-output.ts'
import { createWorkFolder } from './work-folder.ts'

export interface ReplicasWorldOptions {
  say(line: string): void
  /** By default the one of all experiments. */
  postgres?: ChaosPostgres
  environment?: Record<string, string>
}

/** Three control planes behind nginx, NATS of three nodes, PostgreSQL and a cluster. Disposing ends all of it. */
export interface ReplicasWorld extends FurnishedWorld {
  readonly set: ReplicaSet
  readonly databaseUrl: string
}

export async function createReplicasWorld(options: ReplicasWorldOptions): Promise<ReplicasWorld> {
  await using building = new AsyncDisposableStack()
  const folder = await createWorkFolder()
  building.defer(() => folder.close())
  const [cluster, postgres] = await Promise.all([openCluster(), options.postgres ?? openPostgres()])
  building.defer(() => cluster.close())
  building.defer(() => postgres.close())
  const database = await createDatabase(postgres)
  building.defer(() => database.close())
  const set = await startReplicaSet({
    folder: folder.path,
    databaseUrl: database.url,
    onDeath: (id, output) => options.say(`${id} ended by itself:\n${output}`),
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  })
  building.defer(() => set.close())
  const platform = await bootstrap(set.url)
  options.say(`three control planes behind ${set.url}, reviews by ${cluster.name}`)
  const stack = building.move()
  const world = furnishWorld({ cluster, folder: folder.path, publicUrl: set.url, platform, stack })
  return { ...world, set, databaseUrl: database.url }
}

/**
 * A gateway with its two tunnels on two of the three replicas, two identities that it reviews for, and pods that the
 * rules of the first do not allow.
 */
export async function addCheckedWorkloads(
  world: ReplicasWorld,
): Promise<{ accepted: readonly Workload[]; refused: Workload }> {
  const gateway = await world.addGateway('reviewing')
  await gateway.start()
  await untilKnown(world, [gateway], 2)
  const first = await world.addWorkload({ gatewayId: gateway.gatewayId })
  const second = await world.addWorkload({ gatewayId: gateway.gatewayId })
  return {
    accepted: [first, second],
    refused: { identityId: first.identityId, tokens: second.tokens },
  }
}

/** How many tunnels of the gateway a replica knows of, by its own answer. */
export async function countTunnels(
  { platform }: Pick<ReplicasWorld, 'platform'>,
  url: string,
  gatewayId: string,
): Promise<number> {
  const api = createPosternApi(url).as(platform.adminToken)
  return Number(expectOk(await api.get(`/api/v3/gateways/${gatewayId}`))['connectedTunnels'])
}

/** Until every replica knows of so many tunnels of each of these gateways. */
export async function untilKnown(
  world: Pick<ReplicasWorld, 'platform' | 'set'>,
  gateways: readonly Pick<WorldGateway, 'gatewayId'>[],
  tunnels: number,
  withinMs = 30_000,
): Promise<void> {
  let seen = ''
  const took = await until(
    async () => {
      const counts = await Promise.all(
        world.set.replicas.map(({ url }) =>
          Promise.all(gateways.map(({ gatewayId }) => countTunnels(world, url, gatewayId))),
        ),
      )
      seen = JSON.stringify(counts)
      return counts.flat().every((count) => count >= tunnels)
    },
    withinMs,
    100,
  )
  if (took === undefined) throw new Error(`the replicas do not know of ${tunnels} tunnels each: ${seen}`)
}
