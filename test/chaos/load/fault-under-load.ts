import { setTimeout as sleep } from 'node:timers/promises'
import { explainFailures } from '../world/explain-failures.ts'
import { countCommitted } from '../world/count-committed.ts'
import type { ReplicasWorld } from '../world/replicas-world.ts'
import { startCheckedLogins, type CheckedLogin } from './checked-logins.ts'
import { summarizeLogins, type LoginFigures, type Workload } from './login-load.ts'

export interface FaultUnderLoadOptions {
  world: ReplicasWorld
  accepted: readonly Workload[]
  refused: Workload
  /** Strikes, one fault after the other, and notes each. Logins go on until it resolves, and a little longer. */
  strike: (note: (fault: Fault) => void) => Promise<void>
  say: (line: string) => void
}

export interface Fault {
  name: string
  /** When it struck, and when what it struck was there again; milliseconds of `performance.now()`. */
  from: number
  over: number
}

export interface FaultFindings {
  measured: Record<string, unknown>
  /** No wrong answer, nothing committed lost, and every login served again in the time allowed. */
  ok: boolean
  logins: readonly CheckedLogin[]
}

const loginsPerSecond = 100
const baselineMs = 3_000
const calmMs = 2_000
/** From the moment that what was struck is there again. */
const recoveredMsMax = 5_000

/** Logins at 100 a second while something fails. What was answered is held against what is in the database afterwards. */
export async function faultUnderLoad(options: FaultUnderLoadOptions): Promise<FaultFindings> {
  const { world, accepted, refused, say } = options
  const load = startCheckedLogins({ url: world.set.url, perSecond: loginsPerSecond, accepted, refused })
  await sleep(baselineMs)
  const faults: Fault[] = []
  await options.strike((fault) => faults.push(fault))
  await sleep(calmMs)
  const logins = await load.stop()
  await explainFailures(world, logins, say)
  const [first] = faults
  if (first === undefined) throw new Error('nothing was struck')
  const baseline = summarizeLogins(logins.filter((login) => endOf(login) < first.from))
  const wrong = logins.filter(({ outcome }) => outcome.kind === 'wrong')
  for (const { outcome } of wrong.slice(0, 5)) say(`wrong: ${outcome.status} ${outcome.problem}`)
  const promised = logins.flatMap(({ outcome }) => (outcome.kind === 'accepted' ? [outcome.requestId] : []))
  const lost = promised.length - (await countCommitted(world.databaseUrl, promised))
  const figures = faults.map((fault, index) => figuresOf(fault, faults[index + 1]?.from ?? Infinity, logins))
  return {
    measured: {
      logins: logins.length,
      accepted: promised.length,
      wrong: wrong.length,
      committedAndLost: lost,
      baseline,
      faults: figures,
    },
    ok:
      wrong.length === 0 &&
      lost === 0 &&
      baseline.failed === 0 &&
      figures.every(({ recoveredMs }) => recoveredMs <= recoveredMsMax),
    logins,
  }
}

interface FaultFigures extends Partial<LoginFigures> {
  fault: string
  lastedMs: number
  unavailable: number
  /** From its end to the moment since which every login is served; 0 where none had failed by then. */
  recoveredMs: number
}

function endOf({ dueAt, latencyMs }: CheckedLogin): number {
  return dueAt + latencyMs
}

function figuresOf({ name, from, over }: Fault, next: number, logins: readonly CheckedLogin[]): FaultFigures {
  // One that was under way when the next fault struck is that one's.
  const during = logins.filter((login) => endOf(login) >= from && endOf(login) < next)
  const { failed, p50Ms, p99Ms, maxMs, failures } = summarizeLogins(during)
  const lastFailedAt = Math.max(
    over,
    ...during.filter(({ outcome }) => outcome.status !== 200).map(({ dueAt }) => dueAt),
  )
  return {
    fault: name,
    lastedMs: Math.round(over - from),
    unavailable: failed,
    recoveredMs: Math.round(lastFailedAt - over),
    p50Ms,
    p99Ms,
    maxMs,
    ...(failures === undefined ? {} : { failures }),
  }
}
