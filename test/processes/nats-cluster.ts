import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { leashed, requireReplicaPrograms } from './installed-programs.ts'
import { findFreePort, startProcess, waitUntilReady, type NodeProcess } from './node-process.ts'

export interface NatsNode {
  readonly name: string
  readonly port: number
  /** Of its monitoring: `/varz`, `/connz`. */
  readonly httpUrl: string
  /** Resolves when it takes connections. */
  start(): Promise<void>
  end(signal: NodeJS.Signals): Promise<void>
}

/** Three nodes on loopback by the very file of deploy/compose. */
export interface NatsCluster {
  readonly nodes: readonly NatsNode[]
  /** What a control plane must be given. */
  readonly environment: Record<string, string>
  /** Resolves when each node has a route to every other one. */
  untilJoined(): Promise<void>
  close(): Promise<void>
}

const configFile = fileURLToPath(new URL('../../deploy/compose/nats.conf', import.meta.url))
const nodeCount = 3

export async function startNatsCluster(): Promise<NatsCluster> {
  const password = `p${randomBytes(12).toString('hex')}`
  const clusterPassword = `p${randomBytes(12).toString('hex')}`
  const places: Place[] = []
  for (let index = 0; index < nodeCount; index += 1) {
    places.push({
      port: await findFreePort(),
      clusterPort: await findFreePort(),
      httpPort: await findFreePort(),
    })
  }
  const routes = places.map(({ clusterPort }, index) => [
    `NATS_ROUTE_${index + 1}`,
    `nats://node:${clusterPassword}@127.0.0.1:${clusterPort}`,
  ])
  const nodes = places.map((place, index) =>
    createNode(`nats-${index + 1}`, place, {
      NATS_PASSWORD: password,
      NATS_CLUSTER_PASSWORD: clusterPassword,
      ...Object.fromEntries(routes),
    }),
  )
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.end('SIGTERM')))
  }
  try {
    await Promise.all(nodes.map((node) => node.start()))
    await untilJoined(nodes)
  } catch (error) {
    await close()
    throw error
  }
  return {
    nodes,
    environment: {
      POSTERN_NATS_URL: places.map(({ port }) => `nats://127.0.0.1:${port}`).join(','),
      POSTERN_NATS_USER: 'postern',
      POSTERN_NATS_PASSWORD: password,
    },
    untilJoined: () => untilJoined(nodes),
    close,
  }
}

interface Place {
  port: number
  clusterPort: number
  httpPort: number
}

function createNode(name: string, place: Place, shared: Record<string, string>): NatsNode {
  const httpUrl = `http://127.0.0.1:${place.httpPort}`
  let running: NodeProcess | undefined
  return {
    name,
    port: place.port,
    httpUrl,
    async start() {
      running = startProcess(leashed([requireReplicaPrograms().natsServer, '--config', configFile]), {
        ...shared,
        NATS_NAME: name,
        NATS_LISTEN: `127.0.0.1:${place.port}`,
        NATS_HTTP_LISTEN: `127.0.0.1:${place.httpPort}`,
        NATS_CLUSTER_LISTEN: `127.0.0.1:${place.clusterPort}`,
      })
      await waitUntilReady(running, `${httpUrl}/healthz`)
    },
    async end(signal) {
      await running?.end(signal)
      running = undefined
    },
  }
}

const joinedMsMax = 20_000

async function untilJoined(nodes: readonly NatsNode[]): Promise<void> {
  const deadlineAt = performance.now() + joinedMsMax
  for (;;) {
    const neighbours = await Promise.all(nodes.map(({ httpUrl }) => countNeighbours(httpUrl)))
    if (neighbours.every((count) => count >= nodes.length - 1)) return
    if (performance.now() > deadlineAt) throw new Error(`the NATS nodes see ${neighbours.join(', ')} others`)
    await sleep(50)
  }
}

/** Newer servers have several routes to each neighbour. None while the node does not answer. */
async function countNeighbours(httpUrl: string): Promise<number> {
  const answer = await fetch(`${httpUrl}/routez`).catch(() => undefined)
  if (answer === undefined) return 0
  const { routes } = (await answer.json()) as { routes: { remote_id: string }[] | null }
  return new Set(routes?.map(({ remote_id }) => remote_id)).size
}
