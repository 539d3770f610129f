import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Replica } from '../processes/replica-set.ts'
import { missingReplicaPrograms } from '../processes/installed-programs.ts'
import type { Experiment } from './experiment.ts'
import { postLogin, startLoginLoad, summarizeLogins, type Workload } from './load/login-load.ts'
import { enrolPeer, type PeerCredential } from './peer/enrol-peer.ts'
import { ProtocolGateway, verdictOn } from './peer/protocol-gateway.ts'
import { readClusterFrame } from './peer/read-cluster-frame.ts'
import { explainFailures } from './world/explain-failures.ts'
import { countTunnels, createReplicasWorld, untilKnown, type ReplicasWorld } from './world/replicas-world.ts'
import { until } from './world/watch-output.ts'

export const tunnelsKnown: Experiment = {
  name: 'P7',
  asked:
    'a new tunnel is reachable from every control plane within 250 ms, a closed one is gone within 100 ms; a stale route costs one round trip, never an error',
  missing: missingReplicaPrograms,
  async run(size, say) {
    await using world = await createReplicasWorld({ say })
    const { replicas } = world.set
    // The peer's own tunnel closes in each round; the other gateway of the pool is there when the identity is saved.
    const other = await world.addGateway('other')
    const credential = await enrolPeer(world.platform, 'coming-and-going')
    const peerWorkload = await addPeerWorkload(world, credential)
    const reachableMs: number[] = []
    const goneMs: number[] = []
    for (let round = 0; round < rounds[size]; round += 1) {
      const holder = replicas[round % replicas.length]
      if (holder === undefined) throw new Error('there are replicas')
      const others = replicas.filter((replica) => replica !== holder)
      const { peer, connectedAt } = await connect(world, credential, holder)
      reachableMs.push(
        ...(await Promise.all(others.map(({ url }) => untilReachable(url, peerWorkload, connectedAt)))),
      )
      // Not in the same moment as a beat of presence, whenever that is.
      await sleep(Math.random() * 500)
      peer.close()
      const closedAt = performance.now()
      goneMs.push(
        ...(await Promise.all(
          others.map(({ url }) => untilGone(world, url, credential.gatewayId, closedAt)),
        )),
      )
    }
    say('the replica that holds a tunnel of the pool is killed (-9), logins go through another')
    const stale = await measureStaleRoute(world, credential, other, say)
    const reachable = figuresOf(reachableMs)
    const gone = figuresOf(goneMs)
    return {
      measured: { rounds: rounds[size], reachableMs: reachable, goneMs: gone, staleRoute: stale },
      ok:
        reachable.max <= reachableMsMax &&
        gone.max <= goneMsMax &&
        stale.failed === 0 &&
        stale.addedMsP99 <= staleAddedMsMax,
    }
  },
}

const rounds = { quick: 12, full: 100 } as const
const reachableMsMax = 250
const goneMsMax = 100
/** A round trip, and what reviews under way at the moment wait for. */
const staleAddedMsMax = 100
const loginsPerSecond = 100
const staleBeforeMs = 2_000
const staleAfterMs = 3_000
const giveUpMs = 5_000

interface Connected {
  peer: ProtocolGateway
  connectedAt: number
}

async function connect(
  world: ReplicasWorld,
  credential: PeerCredential,
  holder: Replica,
): Promise<Connected> {
  const peer = await ProtocolGateway.connect({
    url: world.set.url,
    dial: holder.url,
    credential,
    review: (review, gateway) => {
      gateway.send({ kind: 'accepted', requestId: review.requestId })
      gateway.send(verdictOn(review))
    },
  })
  return { peer, connectedAt: performance.now() }
}

/** An identity that the peer's gateway reviews for; the peer is there while it is saved. */
async function addPeerWorkload(world: ReplicasWorld, credential: PeerCredential): Promise<Workload> {
  const [holder] = world.set.replicas
  if (holder === undefined) throw new Error('there are replicas')
  const { peer } = await connect(world, credential, holder)
  await untilKnown(world, [credential], 1)
  const workload = await world.addWorkload({ gatewayId: credential.gatewayId })
  peer.close()
  return workload
}

/** From `since` until the first login has succeeded; logins are begun every few milliseconds. */
async function untilReachable(url: string, workload: Workload, since: number): Promise<number> {
  const agent = new Agent({ keepAlive: true })
  const body = JSON.stringify({ identityId: workload.identityId, jwt: workload.tokens[0] ?? '' })
  const { promise, resolve } = Promise.withResolvers<number>()
  const attempt = async (): Promise<void> => {
    const { status } = await postLogin(agent, url, body)
    if (status === 200) resolve(performance.now() - since)
  }
  const timer = setInterval(() => {
    void attempt()
    if (performance.now() - since > giveUpMs) resolve(Infinity)
  }, 10)
  const took = await promise
  clearInterval(timer)
  agent.destroy()
  return took
}

async function untilGone(
  world: ReplicasWorld,
  url: string,
  gatewayId: string,
  since: number,
): Promise<number> {
  const took = await until(async () => (await countTunnels(world, url, gatewayId)) === 0, giveUpMs, 5)
  return took === undefined ? Infinity : performance.now() - since
}

/** One replica holds the peer, which is killed; the pool's other gateway is elsewhere; a third takes the logins. */
async function measureStaleRoute(
  world: ReplicasWorld,
  credential: PeerCredential,
  other: Awaited<ReturnType<ReplicasWorld['addGateway']>>,
  say: (line: string) => void,
): Promise<{ failed: number; logins: number; addedMsP99: number; addedMsMax: number }> {
  const [holder, second, asked] = world.set.replicas
  if (holder === undefined || second === undefined || asked === undefined)
    throw new Error('there are three replicas')
  await other.start({ through: second })
  const { peer } = await connect(world, credential, holder)
  // A pool asks nobody for reviews who does not say where it stands.
  peer.send(await readClusterFrame(world.cluster.url, other.serviceAccount.path))
  await untilKnown(world, [credential, other], 1)
  const gatewayPoolId = await world.addPool('both', [credential, other])
  const workload = await world.addWorkload({ gatewayPoolId })
  const load = startLoginLoad({ urls: [asked.url], workload, perSecond: loginsPerSecond })
  await sleep(staleBeforeMs)
  const killedAt = performance.now()
  await holder.kill()
  await sleep(staleAfterMs)
  const logins = await load.stop()
  peer.close()
  await explainFailures(world, logins, say)
  const before = summarizeLogins(logins.filter(({ dueAt }) => dueAt < killedAt))
  const after = summarizeLogins(logins.filter(({ dueAt }) => dueAt >= killedAt))
  return {
    failed: before.failed + after.failed,
    logins: before.logins + after.logins,
    addedMsP99: Math.round(after.p99Ms - before.p99Ms),
    addedMsMax: Math.round(after.maxMs - before.p50Ms),
  }
}

function figuresOf(times: readonly number[]): { p50: number; max: number } {
  const sorted = times.toSorted((a, b) => a - b)
  return {
    p50: Math.round(sorted[Math.floor(sorted.length / 2)] ?? Infinity),
    max: Math.round(sorted.at(-1) ?? Infinity),
  }
}
