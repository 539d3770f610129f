import type { AuditEvent } from '../../../apps/control-plane/src/audit/audit-event.ts'
import { GroupCommitAuditLog } from '../../../apps/control-plane/src/audit/audit-log.ts'
import { VirtualTime } from '../../../apps/control-plane/src/gateway-pools/test/virtual-time.ts'
import { assumedDatabase } from './measured-costs.ts'

export interface CommitFigures {
  /** Of all replicas. */
  statementsPerSecond: number
  rowsPerStatement: number
  /** Of the database's log to its disk. */
  flushesPerSecond: number
  /** What a login waits. */
  p99Ms: number
}

export interface CommitOptions {
  replicas: number
  /** Of all replicas. */
  loginsPerSecond: number
  seconds: number
  random: () => number
}

/** Logins come to each replica at random moments; all replicas share the database's flushes. */
export async function commitInGroups(options: CommitOptions): Promise<CommitFigures> {
  const { replicas, loginsPerSecond, seconds, random } = options
  const time = new VirtualTime()
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void time.after(ms, resolve))
  const disk = new SharedFlushes(time)
  let [statements, rows] = [0, 0]
  const waitedMs: number[] = []
  const logs = Array.from(
    { length: replicas },
    () =>
      new GroupCommitAuditLog({
        clock: { now: time.elapsed, sleep, turnEnd: () => sleep(0) },
        store: {
          async append(batch) {
            statements += 1
            rows += batch.length
            await sleep(assumedDatabase.statementMs + batch.length * assumedDatabase.perRowMs)
            await disk.flushed()
            return { kind: 'committed' }
          },
        },
      }),
  )
  const comeToOne = (log: GroupCommitAuditLog): void => {
    // Exponential gaps: logins know nothing of each other.
    const gapMs = (-Math.log(1 - random()) * 1000 * replicas) / loginsPerSecond
    time.after(gapMs, () => {
      const startedAt = time.elapsed()
      void log.record(anyLogin).then(() => waitedMs.push(time.elapsed() - startedAt))
      comeToOne(log)
    })
  }
  for (const log of logs) comeToOne(log)
  await time.runUntil(seconds * 1000)
  waitedMs.sort((one, other) => one - other)
  return {
    statementsPerSecond: statements / seconds,
    rowsPerStatement: rows / statements,
    flushesPerSecond: disk.count / seconds,
    p99Ms: waitedMs[Math.floor(waitedMs.length * 0.99)] ?? 0,
  }
}

/** One flush at a time; who comes while one is under way is in the next. */
class SharedFlushes {
  count = 0
  readonly #time: VirtualTime
  #waiting: (() => void)[] = []
  #isFlushing = false

  constructor(time: VirtualTime) {
    this.#time = time
  }

  flushed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    if (!this.#isFlushing) this.#flush()
    return promise
  }

  #flush(): void {
    const done = this.#waiting
    this.#waiting = []
    this.#isFlushing = done.length > 0
    if (!this.#isFlushing) return
    this.count += 1
    this.#time.after(assumedDatabase.flushMs, () => {
      for (const resolve of done) resolve()
      this.#flush()
    })
  }
}

const anyLogin: AuditEvent = {
  occurredAt: new Date(0),
  organizationId: null,
  requestId: 'request',
  event: 'kubernetes-login',
  outcome: 'success',
  actor: { kind: 'stranger' },
  details: {},
}
