import { setTimeout as sleep } from 'node:timers/promises'
import type { Experiment } from './experiment.ts'
import { startLoginLoad, summarizeLogins } from './load/login-load.ts'
import { enrolPeer } from './peer/enrol-peer.ts'
import { ProtocolGateway, verdictOn } from './peer/protocol-gateway.ts'
import { readClusterFrame } from './peer/read-cluster-frame.ts'
import { createChaosWorld } from './world/chaos-world.ts'
import { explainFailures } from './world/explain-failures.ts'

export const silentReviewer: Experiment = {
  name: 'P2',
  asked: 'a gateway that answers pings and drops reviews is ejected after at most 3 late reviews or 2 s',
  async run(size, say) {
    const rounds = size === 'quick' ? 1 : 5
    await using world = await createChaosWorld({ say })
    const honest = await world.addGateway('honest')
    await honest.start()
    const cluster = await readClusterFrame(world.cluster.url, honest.serviceAccount.path)
    const measured: Round[] = []
    for (let round = 1; round <= rounds; round += 1) {
      const credential = await enrolPeer(world.platform, `silent-${round}`)
      const silent = await connectSilent(world.controlPlane.url, credential)
      world.defer(() => Promise.resolve(silent.gateway.close()))
      silent.gateway.send(cluster)
      const gatewayPoolId = await world.addPool(`pool-${round}`, [
        honest,
        { gatewayId: credential.gatewayId },
      ])
      const workload = await world.addWorkload({ gatewayPoolId })
      const load = startLoginLoad({ urls: [world.controlPlane.url], workload, perSecond: loginsPerSecond })
      await sleep(warmUpMs)
      say(`round ${round}: reviews are dropped from now on`)
      const fellSilentAt = silent.fallSilent()
      await sleep(silentMs)
      const ended = await load.stop()
      await explainFailures(world, ended, say)
      const logins = summarizeLogins(ended)
      measured.push({ ...judge(silent.droppedAt, fellSilentAt), ...logins })
      silent.gateway.close()
    }
    return {
      measured: { rounds: measured },
      ok: measured.every(
        (round) => round.failed === 0 && (round.lateReviews <= 3 || round.ejectedAfterMs <= 2_000),
      ),
    }
  },
}

const loginsPerSecond = 100
const warmUpMs = 3_000
const silentMs = 5_500
/** Whoever is out is tried again by one review after 5 s at the earliest. */
const gapMs = 2_000

interface Round {
  lateReviews: number
  /** After the first review that it dropped: before that nobody can know. */
  ejectedAfterMs: number
  /** From its falling silent to that review. */
  untilAskedMs: number
  failed: number
}

interface SilentGateway {
  gateway: ProtocolGateway
  droppedAt: readonly number[]
  /** From now on it drops reviews. */
  fallSilent(): number
}

async function connectSilent(
  url: string,
  credential: Awaited<ReturnType<typeof enrolPeer>>,
): Promise<SilentGateway> {
  const droppedAt: number[] = []
  let isSilent = false
  const gateway = await ProtocolGateway.connect({
    url,
    credential,
    review(review, peer) {
      if (isSilent) droppedAt.push(performance.now())
      else peer.send(verdictOn(review))
    },
  })
  return {
    gateway,
    droppedAt,
    fallSilent() {
      isSilent = true
      return performance.now()
    },
  }
}

/** The reviews that it got before it was left alone: until a gap that the load alone cannot explain. */
function judge(
  droppedAt: readonly number[],
  since: number,
): Pick<Round, 'lateReviews' | 'ejectedAfterMs' | 'untilAskedMs'> {
  const end = droppedAt.findIndex((at, index) => (droppedAt[index + 1] ?? Infinity) - at > gapMs)
  const late = droppedAt.slice(0, end + 1)
  const [first = since] = late
  return {
    lateReviews: late.length,
    ejectedAfterMs: Math.round((late.at(-1) ?? first) - first),
    untilAskedMs: Math.round(first - since),
  }
}
