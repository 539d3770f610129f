import { setTimeout as sleep } from 'node:timers/promises'
import { encodeFrame, features, minorVersion } from '@postern/protocol'
import type { Experiment, ExperimentSize } from './experiment.ts'
import { startLoginLoad, summarizeLogins, type LoginFigures, type Workload } from './load/login-load.ts'
import { enrolPeer } from './peer/enrol-peer.ts'
import { ProtocolControlPlane, type PeerVersion } from './peer/protocol-control-plane.ts'
import { ProtocolGateway, verdictOn } from './peer/protocol-gateway.ts'
import { unknownFrame, withUnknownField } from './peer/unknown-frame.ts'
import { createChaosWorld, type ChaosWorld, type WorldGateway } from './world/chaos-world.ts'
import { until } from './world/watch-output.ts'

export const otherVersions: Experiment = {
  name: 'P25',
  mostlyWaits: true,
  asked:
    'a gateway one version behind, and one ahead, works, and so does a control plane; frames and fields of later versions are ignored',
  async run(size, say) {
    await using world = await createChaosWorld({ say })
    const gateway = await world.addGateway('this-version')
    const enrolled = await gateway.start()
    const workload = await world.addWorkload({ gatewayId: gateway.gatewayId })
    await enrolled.end()
    const measured = {
      gatewayBehind: await askGateway(world, behind, size, say),
      gatewayAhead: await askGateway(world, ahead, size, say),
      controlPlaneBehind: await askControlPlane({ world, gateway, workload }, behind, size, say),
      controlPlaneAhead: await askControlPlane({ world, gateway, workload }, ahead, size, say),
    }
    return { measured, ok: Object.values(measured).every(({ ok }) => ok) }
  },
}

/** Minor version 1 had reviews and nothing else; what it did not know, it dropped. */
const behind: PeerVersion = { minorVersion: 1, features: features.reviews, isAhead: false }
/** Every feature bit there may ever be. */
const ahead: PeerVersion = { minorVersion: minorVersion + 1, features: 0xffff_ffff, isAhead: true }

/** Longer than the heartbeat's patience where time allows: a peer that is not understood is dropped then at the latest. */
const seconds: Record<ExperimentSize, number> = { quick: 3, full: 30 }
const exitWithinMs = 15_000

interface GatewayFigures {
  ok: boolean
  logins: LoginFigures
  tunnelEnded: string
}

/** Logins whose reviews go to a gateway of another version. */
async function askGateway(
  world: ChaosWorld,
  version: PeerVersion,
  size: ExperimentSize,
  say: (line: string) => void,
): Promise<GatewayFigures> {
  say(`a gateway of minor version ${version.minorVersion}`)
  const { platform, controlPlane } = world
  const credential = await enrolPeer(platform, `minor-${version.minorVersion}`)
  const gateway = await ProtocolGateway.connect({
    url: controlPlane.url,
    credential,
    hello: { minorVersion: version.minorVersion, features: version.features },
    review(review, peer) {
      if (version.isAhead) peer.sendBytes(unknownFrame())
      const verdict = encodeFrame(verdictOn(review))
      peer.sendBytes(version.isAhead ? withUnknownField(verdict) : verdict)
    },
  })
  let tunnelEnded = ''
  void gateway.ended.then((how) => (tunnelEnded = how))
  const workload = await world.addWorkload({ gatewayId: credential.gatewayId })
  const load = startLoginLoad({ urls: [controlPlane.url], workload, perSecond: 20 })
  await sleep(seconds[size] * 1_000)
  const logins = summarizeLogins(await load.stop())
  const wasAlive = tunnelEnded === ''
  gateway.close()
  return {
    ok: logins.logins > 0 && logins.failed === 0 && wasAlive,
    logins,
    tunnelEnded: wasAlive ? 'no' : tunnelEnded,
  }
}

interface ControlPlaneFigures {
  ok: boolean
  reviews: number
  failed: number
  firstFailure: string
  tunnelsLost: number
  exitCode: number | null
  exitMs: number
  heard: Record<string, number>
}

/** Reviews that a control plane of another version asks of this build's gateway, which then is told to end. */
async function askControlPlane(
  { world, gateway, workload }: { world: ChaosWorld; gateway: WorldGateway; workload: Workload },
  version: PeerVersion,
  size: ExperimentSize,
  say: (line: string) => void,
): Promise<ControlPlaneFigures> {
  say(`a control plane of minor version ${version.minorVersion}`)
  const controlPlane = await ProtocolControlPlane.open(version)
  world.defer(() => controlPlane.close())
  const started = await gateway.start({ through: controlPlane })
  if ((await until(() => controlPlane.tunnels.length > 0, 5_000)) === undefined)
    throw new Error('no tunnel came')
  const failures: string[] = []
  let reviews = 0
  const endAt = performance.now() + seconds[size] * 1_000
  while (performance.now() < endAt) {
    for (const tunnel of controlPlane.tunnels) {
      if (tunnel.isLeaving) continue
      const outcome = await tunnel.review(workload.tokens[reviews % workload.tokens.length] ?? '')
      reviews += 1
      if (!outcome.ok) failures.push(outcome.why)
    }
    await sleep(50)
  }
  const { tunnelsLost } = controlPlane
  const endedAt = performance.now()
  const { code } = await started.end('SIGTERM')
  const exitMs = Math.round(performance.now() - endedAt)
  return {
    ok: reviews > 0 && failures.length === 0 && tunnelsLost === 0 && code === 0 && exitMs <= exitWithinMs,
    reviews,
    failed: failures.length,
    firstFailure: failures[0] ?? '',
    tunnelsLost,
    exitCode: code,
    exitMs,
    heard: Object.fromEntries(controlPlane.heard),
  }
}
