import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../http/api-error.ts'
import type { AuditEvent } from './audit-event.ts'
import type { AuditEventStore } from './audit-event-store.ts'
import { type AuditRow, encodeAuditEvent } from './encode-audit-event.ts'

export interface AuditLog {
  /**
   * Resolves once the row is committed to disk. Rejects with ApiError ServiceUnavailable when it could not be: the
   * caller must then not reply as if it had been.
   */
  record(event: AuditEvent): Promise<void>
}

/** For metrics and logs; every part is optional. */
export interface AuditLogObserver {
  /** How many rows wait, the moment one was added or a batch was taken. */
  queued?: (rows: number) => void
  flushed?: (flush: { rows: number; durationMs: number; isCommitted: boolean }) => void
  failed?: (error: unknown, rows: number) => void
}

export interface AuditLogOptions {
  store: Pick<AuditEventStore, 'append'>
  observer?: AuditLogObserver
  queueRowsMax?: number
  batchRowsMax?: number
  /** Under load a batch begins this long after the one before it at the latest. */
  batchSpacingMsMax?: number
  /** How long a batch is tried again while no connection comes about. */
  retryMsMax?: number
  clock?: AuditLogClock
}

/** By default the real one. */
export interface AuditLogClock {
  /** Milliseconds from any fixed moment; never goes back. */
  now: () => number
  sleep: (ms: number) => Promise<unknown>
  /** Resolves when this turn of the event loop has brought all that it brings. */
  turnEnd: () => Promise<unknown>
}

interface Waiting {
  row: AuditRow
  resolve: () => void
  reject: (error: unknown) => void
}

const firstRetryMs = 50
const realClock: AuditLogClock = {
  now: () => performance.now(),
  sleep: (ms) => sleep(ms),
  turnEnd: () => new Promise((resolve) => setImmediate(resolve)),
}

/**
 * Group commit: one statement at a time, and whatever arrives while it is under way makes up the next one, so that one
 * disk flush serves everybody who came meanwhile. A row alone is written at once. Where rows keep coming, a batch begins
 * as many milliseconds after the last as that had rows, within bounds: a statement costs as much as the rows of ten logins.
 *
 * A batch is tried again only while no connection to the database came about, because then nothing can have been
 * written. When a connection breaks with the statement under way nobody knows, and those who wait are refused: the
 * row of a refused login may then exist, but no login has two rows, and none that succeeded has no row.
 */
export class GroupCommitAuditLog implements AuditLog {
  readonly #store: AuditLogOptions['store']
  readonly #observer: AuditLogObserver
  readonly #limits: Required<
    Pick<AuditLogOptions, 'queueRowsMax' | 'batchRowsMax' | 'batchSpacingMsMax' | 'retryMsMax'>
  >
  readonly #clock: AuditLogClock
  #waiting: Waiting[] = []
  #flushing: Promise<void> | undefined
  #isClosed = false

  constructor({ store, observer = {}, clock = realClock, ...limits }: AuditLogOptions) {
    this.#store = store
    this.#clock = clock
    this.#observer = observer
    this.#limits = {
      queueRowsMax: 10_000,
      batchRowsMax: 1000,
      batchSpacingMsMax: 4,
      retryMsMax: 2000,
      ...limits,
    }
  }

  async record(event: AuditEvent): Promise<void> {
    if (this.#isClosed || this.#waiting.length >= this.#limits.queueRowsMax) throw unavailable()
    const row = encodeAuditEvent(event)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ row, resolve, reject })
    this.#observer.queued?.(this.#waiting.length)
    this.#flushing ??= this.#flush()
    await promise
  }

  /** Writes what waits; refuses what comes after. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#flushing
  }

  async #flush(): Promise<void> {
    // Everything that this turn of the event loop brings goes into the first batch.
    await this.#clock.turnEnd()
    for (let nextAt = 0; this.#waiting.length > 0;) {
      const pauseMs = nextAt - this.#clock.now()
      if (pauseMs > 0 && this.#waiting.length < this.#limits.batchRowsMax) await this.#clock.sleep(pauseMs)
      const batch = this.#waiting.splice(0, this.#limits.batchRowsMax)
      this.#observer.queued?.(this.#waiting.length)
      const startedAt = this.#clock.now()
      nextAt = startedAt + Math.min(this.#limits.batchSpacingMsMax, batch.length)
      const isCommitted = await this.#write(batch)
      const durationMs = this.#clock.now() - startedAt
      this.#observer.flushed?.({ rows: batch.length, durationMs, isCommitted })
    }
    this.#flushing = undefined
  }

  /** Settles every waiter of the batch; never rejects. True when all rows are committed. */
  async #write(batch: readonly Waiting[]): Promise<boolean> {
    const outcome = await this.#append(batch)
    if (outcome.kind === 'committed') {
      for (const { resolve } of batch) resolve()
      return true
    }
    if (outcome.kind === 'row-refused' && batch.length > 1) return this.#writeOneByOne(batch)
    this.#observer.failed?.(outcome.error, batch.length)
    const error = outcome.kind === 'row-refused' ? outcome.error : unavailable()
    for (const { reject } of batch) reject(error)
    return false
  }

  /** So that a row that the database refuses fails alone. */
  async #writeOneByOne(batch: readonly Waiting[]): Promise<boolean> {
    let isCommitted = true
    for (const waiting of batch) isCommitted = (await this.#write([waiting])) && isCommitted
    return isCommitted
  }

  async #append(batch: readonly Waiting[]) {
    const rows = batch.map(({ row }) => row)
    const giveUpAt = this.#clock.now() + this.#limits.retryMsMax
    let retryMs = firstRetryMs
    let outcome = await this.#store.append(rows)
    while (outcome.kind === 'not-reached' && this.#clock.now() + retryMs < giveUpAt) {
      await this.#clock.sleep(retryMs)
      retryMs *= 2
      outcome = await this.#store.append(rows)
    }
    return outcome
  }
}

function unavailable(): ApiError {
  return new ApiError('ServiceUnavailable', 'The audit log cannot be written at the moment: try again', {
    retryAfterSeconds: 1,
  })
}
