import { setTimeout as sleep } from 'node:timers/promises'

/** Why a replica should get no traffic now; shown to whoever asks, so it names no host and no error. */
export type UnreadyReason = 'starting' | 'draining' | 'database-unreachable' | 'audit-log-stuck'

export interface Readiness {
  ready: boolean
  reasons: UnreadyReason[]
  /** What does not work while most does. */
  warnings: ReadinessWarning[]
}

/** Logins through gateways that are connected to other replicas get 503; those through gateways of this one go on. */
export type ReadinessWarning = 'nats-disconnected'

export interface ReadinessOptions {
  /** Resolves if the database answers. */
  pingDatabase: () => Promise<unknown>
  /** `starting` until migrations are done and the server listens. */
  phase: () => 'starting' | 'running' | 'draining'
  isAuditLogStuck: () => boolean
  isNatsConnected: () => boolean
  nowMs: () => number
  /** A ping that takes longer has failed. */
  pingMsMax?: number
}

/** Anybody may ask as often as they like: the database is asked once in this time. */
const pingAgeMsMax = 1_000

/**
 * `/livez` says that the process turns, and depends on nothing else: a restart would not bring a lost database back.
 * `/readyz` says whether logins can succeed here now.
 * @returns the function that `/readyz` calls
 */
export function createReadiness(options: ReadinessOptions): () => Promise<Readiness> {
  const { pingDatabase, phase, isAuditLogStuck, nowMs, pingMsMax = 2_000 } = options
  let last: { atMs: number; isReachable: Promise<boolean> } | undefined

  function isDatabaseReachable(): Promise<boolean> {
    if (last === undefined || nowMs() - last.atMs >= pingAgeMsMax) {
      last = { atMs: nowMs(), isReachable: answersWithin(pingDatabase, pingMsMax) }
    }
    return last.isReachable
  }

  return async () => {
    const current = phase()
    const reasons: UnreadyReason[] = []
    if (current !== 'running') reasons.push(current)
    if (current !== 'starting' && !(await isDatabaseReachable())) reasons.push('database-unreachable')
    if (isAuditLogStuck()) reasons.push('audit-log-stuck')
    return {
      ready: reasons.length === 0,
      reasons,
      warnings: options.isNatsConnected() ? [] : ['nats-disconnected'],
    }
  }
}

async function answersWithin(ask: () => Promise<unknown>, ms: number): Promise<boolean> {
  const answered = new AbortController()
  try {
    return await Promise.race([
      ask().then(
        () => true,
        () => false,
      ),
      sleep(ms, false, { signal: answered.signal }),
    ])
  } finally {
    answered.abort()
  }
}

/** Logins wait for their audit row, so a log that commits nothing for this long has stopped them. */
const stuckMsMax = 5_000

/** Watches the audit log's commits. */
export class AuditProgress {
  readonly #nowMs: () => number
  #waitingRows = 0
  #lastProgressMs: number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#lastProgressMs = nowMs()
  }

  queued(rows: number): void {
    if (this.#waitingRows === 0) this.#lastProgressMs = this.#nowMs()
    this.#waitingRows = rows
  }

  flushed({ isCommitted }: { isCommitted: boolean }): void {
    if (isCommitted) this.#lastProgressMs = this.#nowMs()
  }

  isStuck(): boolean {
    return this.#waitingRows > 0 && this.#nowMs() - this.#lastProgressMs > stuckMsMax
  }
}
