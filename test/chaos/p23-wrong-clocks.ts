import type { GatewayProcess } from '../processes/gateway-process.ts'
import { logIn } from '../processes/log-in.ts'
import type { Experiment, Finding } from './experiment.ts'
import type { Workload } from './load/login-load.ts'
import { type RelayProcess, startRelay } from './relay/start-relay.ts'
import { type ChaosWorld, createChaosWorld, type WorldGateway } from './world/chaos-world.ts'
import { redirection } from './world/redirection.ts'
import { until } from './world/watch-output.ts'
import { createWorkFolder } from './world/work-folder.ts'
import { createWrongClock, type WrongClock } from './world/wrong-clock.ts'

export const wrongClocks: Experiment = {
  name: 'P23',
  mostlyWaits: true,
  asked:
    'a clock wrong by 10 min on either side: the gateway connects, says how far the clock is off, and serves within 60 s after the clock is put right',
  async run(size, say) {
    const findings: Case[] = []
    for (const [side, offsetMs] of size === 'quick' ? clocks.slice(0, 2) : clocks) {
      say(`the clock of the ${side} is ${offsetMs > 0 ? 'ahead' : 'behind'} by 10 min`)
      findings.push(await tryClock(side, offsetMs, say))
    }
    return judge(findings)
  },
}

type Side = 'gateway' | 'control plane'

const offset = 600_000
const clocks: readonly (readonly [Side, number])[] = [
  ['gateway', offset],
  ['control plane', offset],
  ['gateway', -offset],
  ['control plane', -offset],
]
const recoverWithinMs = 60_000

interface Case {
  what: string
  /** From the gateway's start until it was ready. One that never is fails the experiment, with its log. */
  connectedMs: number
  /** Whether a login succeeded while the clock was wrong. */
  isServing: boolean
  /** Whether its log or its readiness says that the clock is off. */
  isSaid: boolean
  /** From the clock's correction, with the tunnel cut, until a login succeeded. */
  recoveredMs: number | undefined
}

async function tryClock(side: Side, offsetMs: number, say: (line: string) => void): Promise<Case> {
  await using folder = asDisposable(await createWorkFolder())
  const clock = await createWrongClock(folder.path, 'wrong', offsetMs)
  await using world = await createChaosWorld({
    say,
    ...(side === 'control plane' ? { environment: clock.environment } : {}),
  })
  const relay = await startRelay({ host: '127.0.0.1', port: world.controlPlane.port })
  world.defer(() => relay.close())
  const gateway = await world.addGateway('clock')
  const startedAt = performance.now()
  const running = await startBehind(world, { gateway, relay, clock: side === 'gateway' ? clock : undefined })
  const connectedMs = performance.now() - startedAt
  const workload = await world.addWorkload({ gatewayId: gateway.gatewayId })
  const servedMs = await untilServed(world, workload)
  await clock.set(0)
  // What it has learned of the clocks counts at the next dial only.
  await relay.cut()
  const recoveredMs = await untilServed(world, workload)
  return {
    what: `${side} ${offsetMs > 0 ? 'ahead' : 'behind'}`,
    connectedMs,
    isServing: servedMs !== undefined,
    isSaid: /clock[^"]*(?:off|ahead|behind)/i.test(running.output()),
    recoveredMs,
  }
}

interface Behind {
  gateway: WorldGateway
  relay: RelayProcess
  clock: WrongClock | undefined
}

function startBehind(world: ChaosWorld, { gateway, relay, clock }: Behind): Promise<GatewayProcess> {
  const through = redirection(world.controlPlane.url, relay)
  if (clock === undefined) return gateway.start({ environment: through })
  const preloads = [through, clock.environment].map((environment) => environment['NODE_OPTIONS'])
  return gateway.start({
    environment: { ...through, ...clock.environment, NODE_OPTIONS: preloads.join(' ') },
  })
}

/** Undefined: no login succeeded within a minute. */
function untilServed(world: ChaosWorld, { identityId, tokens }: Workload): Promise<number | undefined> {
  const [token = ''] = tokens
  return until(
    async () => (await logIn(world.controlPlane.url, identityId, token)).status === 200,
    recoverWithinMs,
    100,
  )
}

function judge(cases: readonly Case[]): Finding {
  const shown = (ms: number | undefined): number | 'never' => (ms === undefined ? 'never' : Math.round(ms))
  const measured = Object.fromEntries(
    cases.map(({ what, connectedMs, isServing, isSaid, recoveredMs }) => [
      what,
      {
        connectedMs: shown(connectedMs),
        servesMeanwhile: isServing,
        saysClock: isSaid,
        recoveredMs: shown(recoveredMs),
      },
    ]),
  )
  const ok = cases.every(
    ({ isServing, isSaid, recoveredMs }) =>
      isServing && isSaid && recoveredMs !== undefined && recoveredMs <= recoverWithinMs,
  )
  return { measured, ok }
}

function asDisposable(folder: { path: string; close(): Promise<void> }): AsyncDisposable & { path: string } {
  return { path: folder.path, [Symbol.asyncDispose]: () => folder.close() }
}
