/**
 * `pnpm bench login --replicas 1,2,3`: logins at several control planes, each its own process beside PostgreSQL, NATS,
 * gateways and a stand-in API server, and what it costs when the tunnel is at another replica. All share the machine: on
 * two cores more replicas are not faster, and what counts is the CPU of each part. The baseline is the same reviews sent
 * straight to the API server, in the same run.
 */
import { buildTokenReview, tokenReviewPath } from '@postern/token-review'
import { startStandInProcess } from '@postern/testing/stand-in-process'
import type { TestCluster } from '@postern/testing/test-cluster'
import { openPostgres } from '../chaos/world/start-postgres.ts'
import { readMetrics } from '../chaos/world/read-metrics.ts'
import { runClosedLoop } from './closed-loop.ts'
import { type Connections, openConnections } from './connections.ts'
import { prepareHttpPost } from './http-caller.ts'
import { readMachineCpuMicros } from './process-cpu.ts'
import { type BenchReplica, createReplicasBenchWorld, type ReplicasBenchWorld } from './replicas-world.ts'

export interface ReplicasBenchOptions {
  replicas: readonly number[]
  inFlight: number
  seconds: number
  warmUpSeconds?: number
  /** Progress for the person who waits; the result is the caller's to print. */
  say: (line: string) => void
}

export interface LoginsFigures {
  loginsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Microseconds a login, of each part. */
  cpu: { controlPlanes: number[]; gateways: number; postgres: number; nats: number }
  /** Reviews that went over NATS, of all logins. */
  hopShare: number
  /** Of the whole machine: what the parts do not add up to was used by others. */
  busyCores: number
}

/** Logins at the replica that holds the tunnel, and the same at one that does not. */
export interface HopFigures {
  inFlight: number
  local: LoginsFigures
  remote: LoginsFigures
  /** What the hop adds to a login. */
  added: { p50Ms: number; requesterCpuMicros: number; holderCpuMicros: number; natsCpuMicros: number }
}

/** As login.ts, for each replica: figures halve until then. */
const warmUpSecondsEach = 30
const hopWarmUpSeconds = 15
/** More than log in within a second and a half. */
const identityCount = 3_000
/** Local and remote in turn, so that what the machine does meanwhile hits both alike. */
const hopRounds = 3
const loginPath = '/api/v1/auth/kubernetes-auth/login'

export async function benchReplicas(options: ReplicasBenchOptions): Promise<Record<string, unknown>> {
  const { say, inFlight, seconds } = options
  await using cleanup = new AsyncDisposableStack()
  const cluster = await startStandInProcess({ isLean: true })
  cleanup.defer(() => cluster.close())
  const postgres = await openPostgres()
  cleanup.defer(() => postgres.close())
  const runs: object[] = []
  const hops: HopFigures[] = []
  let direct: object | undefined
  let manyIdentities: object | undefined
  for (const count of options.replicas) {
    say(`${count} control planes`)
    await using world = await createReplicasBenchWorld({ count, cluster, postgresUrl: postgres.url, say })
    direct ??= await measureDirect(cluster, world, options)
    runs.push({ replicas: count, ...(await measureSpread(world, options)) })
    say(JSON.stringify(runs.at(-1)))
    manyIdentities ??= await measureManyIdentities(world, options)
    if (count < 2 || hops.length > 0) continue
    say('the hop: logins at the holder of the tunnel alone, and at the other alone')
    for (const underWay of [inFlight, 1]) {
      hops.push(await measureHop(world, { ...options, inFlight: underWay }))
      say(JSON.stringify(hops.at(-1)))
    }
  }
  return { bench: 'login-replicas', inFlight, seconds, direct, runs, hops, manyIdentities }
}

async function measureDirect(
  cluster: TestCluster,
  world: ReplicasBenchWorld,
  { inFlight, seconds, say }: ReplicasBenchOptions,
): Promise<object> {
  say('the baseline: reviews straight to the API server')
  const headers = { authorization: `Bearer ${cluster.adminToken}` }
  const tokens = world.replicas.flatMap(({ workloads }) => workloads.flatMap((workload) => workload.tokens))
  const requests = tokens.map((token) =>
    prepareHttpPost(cluster.url, tokenReviewPath, headers, JSON.stringify(buildTokenReview(token, []))),
  )
  const { call, close } = await openConnections(cluster, requests, 201, inFlight)
  try {
    await runClosedLoop({ inFlight, seconds: 2, call })
    const { callsPerSecond, p50Ms, p99Ms } = await runClosedLoop({
      inFlight,
      seconds: Math.max(2, seconds / 2),
      call,
    })
    return { reviewsPerSecond: callsPerSecond, p50Ms, p99Ms }
  } finally {
    close()
  }
}

/** Logins of every workload at every replica in turn: of N replicas, each holds the tunnel of one login in N. */
async function measureSpread(
  world: ReplicasBenchWorld,
  { inFlight, seconds, warmUpSeconds = warmUpSecondsEach, say }: ReplicasBenchOptions,
): Promise<LoginsFigures> {
  const { replicas } = world
  const all = interleave(replicas.map((replica) => requestsOf(replica)))
  const ways = await Promise.all(replicas.map(({ url }) => openLogins(url, all, inFlight)))
  // Of the requests of one gateway, which come every N calls, each replica gets one in N.
  const call = (index: number): Promise<void> => {
    const way = ways[(index + Math.floor(index / replicas.length)) % replicas.length]
    return way === undefined ? Promise.reject(new Error('no replica')) : way.call(index)
  }
  try {
    say(`${replicas.length} replicas: logins, after ${warmUpSeconds * replicas.length} s of warming up`)
    await runClosedLoop({ inFlight, seconds: warmUpSeconds * replicas.length, call })
    return await measure(world, { inFlight, seconds, call })
  } finally {
    for (const way of ways) way.close()
  }
}

/**
 * Logins of so many identities that none is remembered: a control plane keeps what it read for a second. At one replica,
 * the first, which holds the tunnel.
 */
async function measureManyIdentities(
  world: ReplicasBenchWorld,
  { inFlight, seconds, warmUpSeconds = hopWarmUpSeconds, say }: ReplicasBenchOptions,
): Promise<object> {
  say(`logins of ${identityCount} identities`)
  const [first] = world.replicas
  if (first === undefined) throw new Error('no replica')
  const ids = await world.addIdentities(identityCount)
  const pods = requestsOf(first)
  const logins = ids.map((identityId, index) => ({ identityId, jwt: pods[index % pods.length]?.jwt ?? '' }))
  const { call, close } = await openLogins(first.url, logins, inFlight)
  try {
    await runClosedLoop({ inFlight, seconds: Math.min(hopWarmUpSeconds, warmUpSeconds), call })
    const figures = await measure(world, { inFlight, seconds, call })
    return { identities: ids.length, ...figures, auditBytesPerEvent: await world.auditBytesPerEvent() }
  } finally {
    close()
  }
}

/** All logins are of the gateway whose tunnels the first replica holds. */
async function measureHop(
  world: ReplicasBenchWorld,
  { inFlight, seconds, warmUpSeconds = hopWarmUpSeconds }: ReplicasBenchOptions,
): Promise<HopFigures> {
  const [holder, requester] = world.replicas
  if (holder === undefined || requester === undefined) throw new Error('a hop takes two replicas')
  const requests = requestsOf(holder)
  const near = await openLogins(holder.url, requests, inFlight)
  const far = await openLogins(requester.url, requests, inFlight)
  const [local, remote]: [LoginsFigures[], LoginsFigures[]] = [[], []]
  try {
    for (const { call } of [near, far])
      await runClosedLoop({ inFlight, seconds: Math.min(hopWarmUpSeconds, warmUpSeconds), call })
    for (let round = 0; round < hopRounds; round += 1) {
      local.push(await measure(world, { inFlight, seconds: seconds / hopRounds, call: near.call }))
      remote.push(await measure(world, { inFlight, seconds: seconds / hopRounds, call: far.call }))
    }
  } finally {
    near.close()
    far.close()
  }
  return compare(inFlight, average(local), average(remote))
}

function compare(inFlight: number, local: LoginsFigures, remote: LoginsFigures): HopFigures {
  const ofLocal = local.cpu.controlPlanes[0] ?? 0
  const [holder = 0, requester = 0] = remote.cpu.controlPlanes
  return {
    inFlight,
    local,
    remote,
    added: {
      p50Ms: round(remote.p50Ms - local.p50Ms),
      requesterCpuMicros: requester - ofLocal,
      holderCpuMicros: holder,
      natsCpuMicros: remote.cpu.nats - local.cpu.nats,
    },
  }
}

async function measure(
  world: ReplicasBenchWorld,
  load: { inFlight: number; seconds: number; call: Connections['call'] },
): Promise<LoginsFigures> {
  const before = readCpu(world)
  const hopsBefore = await countHops(world)
  const machineBefore = readMachineCpuMicros()
  const figures = await runClosedLoop(load)
  const machine = readMachineCpuMicros() - machineBefore
  const after = readCpu(world)
  const { calls, callsPerSecond, p50Ms, p99Ms } = figures
  const each = (from: number, to: number): number => Math.round((to - from) / calls)
  return {
    loginsPerSecond: callsPerSecond,
    p50Ms,
    p99Ms,
    cpu: {
      controlPlanes: after.controlPlanes.map((micros, index) =>
        each(before.controlPlanes[index] ?? 0, micros),
      ),
      gateways: each(before.gateways, after.gateways),
      postgres: each(before.postgres, after.postgres),
      nats: each(before.nats, after.nats),
    },
    hopShare: round(((await countHops(world)) - hopsBefore) / calls),
    busyCores: round(machine / 1e6 / figures.seconds),
  }
}

function readCpu({ cpu, replicas }: ReplicasBenchWorld): LoginsFigures['cpu'] {
  return {
    controlPlanes: replicas.map((_, index) => cpu.controlPlane(index)),
    gateways: cpu.gateways(),
    postgres: cpu.postgres(),
    nats: cpu.nats(),
  }
}

async function countHops({ replicas }: ReplicasBenchWorld): Promise<number> {
  const samples = await Promise.all(replicas.map(({ url }) => readMetrics(url)))
  return samples.reduce((sum, sample) => sum + sample.sum('postern_remote_reviews_total'), 0)
}

function average(all: readonly LoginsFigures[]): LoginsFigures {
  const [first] = all
  if (first === undefined) throw new Error('nothing was measured')
  const mean = (of: (figures: LoginsFigures) => number): number =>
    all.reduce((sum, figures) => sum + of(figures), 0) / all.length
  return {
    loginsPerSecond: Math.round(mean(({ loginsPerSecond }) => loginsPerSecond)),
    p50Ms: round(mean(({ p50Ms }) => p50Ms)),
    p99Ms: round(mean(({ p99Ms }) => p99Ms)),
    cpu: {
      controlPlanes: first.cpu.controlPlanes.map((_, index) =>
        Math.round(mean(({ cpu }) => cpu.controlPlanes[index] ?? 0)),
      ),
      gateways: Math.round(mean(({ cpu }) => cpu.gateways)),
      postgres: Math.round(mean(({ cpu }) => cpu.postgres)),
      nats: Math.round(mean(({ cpu }) => cpu.nats)),
    },
    hopShare: round(mean(({ hopShare }) => hopShare)),
    busyCores: round(mean(({ busyCores }) => busyCores)),
  }
}

interface Login {
  identityId: string
  jwt: string
}

/** One pod of each workload in turn, so that no pod comes again soon. */
function requestsOf({ workloads }: BenchReplica): Login[] {
  return interleave(workloads.map(({ identityId, tokens }) => tokens.map((jwt) => ({ identityId, jwt }))))
}

function openLogins(url: string, logins: readonly Login[], inFlight: number): Promise<Connections> {
  const requests = logins.map((login) => prepareHttpPost(url, loginPath, {}, JSON.stringify(login)))
  return openConnections({ url }, requests, 200, inFlight)
}

/** The first of each, then the second of each, and so on. */
function interleave<One>(lists: readonly (readonly One[])[]): One[] {
  const longest = Math.max(...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, index) =>
    lists.flatMap((list) => list.slice(index, index + 1)),
  ).flat()
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
