import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewayProcess } from '../processes/gateway-process.ts'
import type { Experiment, Finding } from './experiment.ts'
import { startRelay, type RelayProcess } from './relay/start-relay.ts'
import { createChaosWorld, type ChaosWorld, type WorldGateway } from './world/chaos-world.ts'
import { linesOf, until } from './world/watch-output.ts'

export const vanishedPeer: Experiment = {
  name: 'P1',
  asked:
    'a tunnel whose peer vanished without a word (bytes dropped both ways, SIGSTOP) is noticed on both sides within 10 s, and out of routing 100 ms later',
  async run(size, say) {
    await using world = await createChaosWorld({ say })
    const stage = await setStage(world)
    const rounds: Round[] = []
    for (let round = 0; round < (size === 'quick' ? 1 : 6); round += 1) {
      // Anywhere between two pings.
      await sleep(Math.random() * 3_000)
      const way = ways[round % ways.length] ?? 'both ways'
      say(`bytes are dropped ${way} for one gateway, another is stopped`)
      const [dropped, stopped] = await Promise.all([dropBytes(world, stage, way), stopGateway(world, stage)])
      await sleep(Math.random() * 3_000)
      say('the control plane is stopped')
      rounds.push(...dropped, stopped, await stopControlPlane(world, stage))
    }
    return judge(rounds)
  },
}

/** Of a connection that is dead one way only, the side that still hears learns from the one that does not. */
const ways = ['both ways', 'to the server', 'to the gateway'] as const
const noticeWithinMs = 10_000
const patienceMs = 15_000
const routedWithinMs = 100

interface Stage {
  relay: RelayProcess
  behindRelay: { gateway: WorldGateway; process: GatewayProcess }
  direct: { gateway: WorldGateway; process: GatewayProcess }
}

interface Round {
  /** What vanished, and who had to notice. */
  what: string
  /** Undefined: not at all while we watched. */
  noticedMs: number | undefined
  /** From there until nothing was routed to it; only the control plane routes. */
  outOfRoutingMs?: number | undefined
}

async function setStage(world: ChaosWorld): Promise<Stage> {
  const relay = await startRelay({ host: '127.0.0.1', port: world.controlPlane.port })
  world.defer(() => relay.close())
  const [one, other] = await Promise.all([world.addGateway('behind-relay'), world.addGateway('direct')])
  const [oneProcess, otherProcess] = await Promise.all([one.start({ through: relay }), other.start()])
  return {
    relay,
    behindRelay: { gateway: one, process: oneProcess },
    direct: { gateway: other, process: otherProcess },
  }
}

async function dropBytes(
  world: ChaosWorld,
  { relay, behindRelay }: Stage,
  way: (typeof ways)[number],
): Promise<Round[]> {
  await relay.apply({ dropsToServer: way !== 'to the gateway', dropsToClient: way !== 'to the server' })
  const [control, gateway] = await Promise.all([
    watchRouting(world, behindRelay.gateway),
    until(async () => !(await isReady(behindRelay.process)), patienceMs, 25),
  ])
  await relay.heal()
  await relay.cut()
  await untilBack(world, behindRelay)
  return [
    { what: `bytes dropped ${way}, control plane`, ...control },
    { what: `bytes dropped ${way}, gateway`, noticedMs: gateway },
  ]
}

async function stopGateway(world: ChaosWorld, { direct }: Stage): Promise<Round> {
  process.kill(direct.process.pid, 'SIGSTOP')
  try {
    return { what: 'gateway stopped, control plane', ...(await watchRouting(world, direct.gateway)) }
  } finally {
    process.kill(direct.process.pid, 'SIGCONT')
    await untilBack(world, direct)
  }
}

async function stopControlPlane(world: ChaosWorld, { behindRelay, direct }: Stage): Promise<Round> {
  process.kill(world.controlPlane.pid, 'SIGSTOP')
  try {
    const noticed = await until(async () => !(await isReady(direct.process)), patienceMs, 25)
    return { what: 'control plane stopped, gateway', noticedMs: noticed }
  } finally {
    process.kill(world.controlPlane.pid, 'SIGCONT')
    await Promise.all([untilBack(world, direct), untilBack(world, behindRelay)])
  }
}

/** When the control plane knew by its log, and when the gateway had no tunnel left that a review could be sent on. */
async function watchRouting(
  world: ChaosWorld,
  { gatewayId }: WorldGateway,
): Promise<Pick<Round, 'noticedMs' | 'outOfRoutingMs'>> {
  const since = Date.now()
  const before = await countTunnels(world, gatewayId)
  let lastClosedAt: number | undefined
  let outAt: number | undefined
  const closing = until(() => {
    const closed = linesOf(world.controlPlane, 'tunnel closed', since).filter(
      (line) => line['gatewayId'] === gatewayId,
    )
    if (closed.length < before) return false
    lastClosedAt = Math.max(...closed.map(({ time }) => time))
    return true
  }, patienceMs)
  // Beside it, not after it: lines are written in batches, and come later than their time.
  const leaving = until(
    async () => {
      if ((await countTunnels(world, gatewayId)) > 0) return false
      outAt = Date.now()
      return true
    },
    patienceMs,
    20,
  )
  await Promise.all([closing, leaving])
  if (lastClosedAt === undefined) return { noticedMs: undefined }
  return {
    noticedMs: lastClosedAt - since,
    outOfRoutingMs: outAt === undefined ? undefined : Math.max(0, outAt - lastClosedAt),
  }
}

async function countTunnels(world: ChaosWorld, gatewayId: string): Promise<number> {
  const { body } = await world.platform.admin.get(`/api/v3/gateways/${gatewayId}`)
  return Number(body['connectedTunnels'])
}

async function isReady({ healthUrl }: GatewayProcess): Promise<boolean> {
  return (await fetch(`${healthUrl}/readyz`)).status === 200
}

async function untilBack(
  world: ChaosWorld,
  { gateway, process }: { gateway: WorldGateway; process: GatewayProcess },
): Promise<void> {
  const back = await until(
    async () => (await isReady(process)) && (await countTunnels(world, gateway.gatewayId)) > 0,
    60_000,
    50,
  )
  if (back === undefined) throw new Error(`${gateway.name} did not come back within 60 s`)
}

function judge(rounds: readonly Round[]): Finding {
  const worst: Record<string, number | 'never'> = {}
  for (const { what, noticedMs } of rounds) {
    const before = worst[what] ?? 0
    worst[what] =
      before === 'never' || noticedMs === undefined ? 'never' : Math.max(before, Math.round(noticedMs))
  }
  const out = rounds.filter((round) => 'outOfRoutingMs' in round).map((round) => round.outOfRoutingMs)
  const outOfRoutingMsMax = Math.max(...out.map((ms) => ms ?? Infinity))
  return {
    measured: {
      rounds: rounds.length,
      noticedMsMax: worst,
      outOfRoutingMsMax: Math.round(outOfRoutingMsMax),
    },
    ok:
      rounds.every(({ noticedMs = Infinity }) => noticedMs <= noticeWithinMs) &&
      outOfRoutingMsMax <= routedWithinMs,
  }
}
