import { describe, expect, it } from 'vitest'
import type { AuditEvent } from './audit-event.ts'
import type { AppendOutcome } from './audit-event-store.ts'
import { type AuditLogOptions, GroupCommitAuditLog } from './audit-log.ts'
import type { AuditRow } from './encode-audit-event.ts'

const event = (requestId: string): AuditEvent => ({
  occurredAt: new Date(0),
  organizationId: null,
  requestId,
  event: 'kubernetes-login',
  outcome: 'success',
  actor: { kind: 'stranger' },
  details: {},
})

interface Flush {
  requestIds: string[]
  settle(outcome: AppendOutcome): void
}

/** A store whose statements are under way until the test settles them. */
function createLog(options: Partial<AuditLogOptions> = {}) {
  const flushes: Flush[] = []
  const log = new GroupCommitAuditLog({
    store: {
      append(rows: readonly AuditRow[]) {
        const { promise, resolve } = Promise.withResolvers<AppendOutcome>()
        flushes.push({ requestIds: rows.map(({ requestId }) => requestId), settle: resolve })
        return promise
      },
    },
    ...options,
  })
  async function flush(index: number): Promise<Flush> {
    await expect.poll(() => flushes.length, { interval: 1 }).toBeGreaterThan(index)
    const found = flushes[index]
    if (found === undefined) throw new Error('no such flush')
    return found
  }
  return { log, flushes, flush }
}

const error = new Error('from the database')

describe('the audit log', () => {
  it('resolves after the commit, not before', async () => {
    const { log, flush } = createLog()
    let isRecorded = false
    async function record(): Promise<void> {
      await log.record(event('a'))
      isRecorded = true
    }
    const recorded = record()
    const first = await flush(0)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(isRecorded).toBe(false)
    first.settle({ kind: 'committed' })
    await recorded
    expect(isRecorded).toBe(true)
  })

  it('writes what comes together in one statement, and what comes meanwhile in the next', async () => {
    const { log, flush, flushes } = createLog()
    const together = [log.record(event('a')), log.record(event('b'))]
    const first = await flush(0)
    const meanwhile = [log.record(event('c')), log.record(event('d'))]
    expect(flushes).toHaveLength(1)
    first.settle({ kind: 'committed' })
    await Promise.all(together)
    const second = await flush(1)
    second.settle({ kind: 'committed' })
    await Promise.all(meanwhile)
    expect(flushes.map(({ requestIds }) => requestIds)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
  })

  it('gathers rows that keep coming, so that a statement serves several', async () => {
    const { log, flush, flushes } = createLog({ batchSpacingMsMax: 60 })
    const first = Promise.all(Array.from({ length: 100 }, () => log.record(event('a'))))
    const underWay = await flush(0)
    const second = log.record(event('b'))
    underWay.settle({ kind: 'committed' })
    await first
    await new Promise((resolve) => setTimeout(resolve, 5))
    const third = log.record(event('c'))
    ;(await flush(1)).settle({ kind: 'committed' })
    await Promise.all([second, third])
    expect(flushes.map(({ requestIds }) => requestIds.length)).toEqual([100, 2])
  })

  it('splits what exceeds a batch', async () => {
    const { log, flush, flushes } = createLog({ batchRowsMax: 2 })
    const all = Promise.all(['a', 'b', 'c'].map((id) => log.record(event(id))))
    ;(await flush(0)).settle({ kind: 'committed' })
    ;(await flush(1)).settle({ kind: 'committed' })
    await all
    expect(flushes.map(({ requestIds }) => requestIds)).toEqual([['a', 'b'], ['c']])
  })

  it('refuses with 503 and Retry-After what exceeds the queue, rather than lose it later', async () => {
    const { log, flush } = createLog({ queueRowsMax: 2 })
    const first = log.record(event('a'))
    const underWay = await flush(0)
    const queued = [log.record(event('b')), log.record(event('c'))]
    await expect(log.record(event('d'))).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      retryAfterSeconds: 1,
    })
    underWay.settle({ kind: 'committed' })
    ;(await flush(1)).settle({ kind: 'committed' })
    await Promise.all([first, ...queued])
  })

  it('rejects everybody who waits for a statement of which nobody knows whether it was done, and goes on', async () => {
    const failures: unknown[] = []
    const { log, flush, flushes } = createLog({ observer: { failed: (reason) => failures.push(reason) } })
    const lost = Promise.allSettled([log.record(event('a')), log.record(event('b'))])
    ;(await flush(0)).settle({ kind: 'unknown', error })
    for (const result of await lost) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ServiceUnavailable' } })
    }
    expect(failures).toEqual([error])
    expect(flushes).toHaveLength(1)
    const next = log.record(event('c'))
    ;(await flush(1)).settle({ kind: 'committed' })
    await next
  })

  it('tries again while no connection comes about', async () => {
    const { log, flush, flushes } = createLog()
    const recorded = log.record(event('a'))
    ;(await flush(0)).settle({ kind: 'not-reached', error })
    ;(await flush(1)).settle({ kind: 'not-reached', error })
    ;(await flush(2)).settle({ kind: 'committed' })
    await recorded
    expect(flushes.map(({ requestIds }) => requestIds)).toEqual([['a'], ['a'], ['a']])
  })

  it('gives up when no connection comes about in time', async () => {
    const { log, flush, flushes } = createLog({ retryMsMax: 60 })
    const recorded = Promise.allSettled([log.record(event('a'))])
    ;(await flush(0)).settle({ kind: 'not-reached', error })
    ;(await flush(1)).settle({ kind: 'not-reached', error })
    expect(await recorded).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'ServiceUnavailable' }) },
    ])
    expect(flushes).toHaveLength(2)
  })

  it('lets a row that the database refuses fail alone', async () => {
    const { log, flush } = createLog()
    const results = Promise.allSettled(['a', 'bad', 'c'].map((id) => log.record(event(id))))
    ;(await flush(0)).settle({ kind: 'row-refused', error })
    ;(await flush(1)).settle({ kind: 'committed' })
    ;(await flush(2)).settle({ kind: 'row-refused', error })
    ;(await flush(3)).settle({ kind: 'committed' })
    expect(await results).toEqual([
      { status: 'fulfilled', value: undefined },
      { status: 'rejected', reason: error },
      { status: 'fulfilled', value: undefined },
    ])
  })

  it('writes what waits before it closes, and takes nothing after', async () => {
    const { log, flush } = createLog()
    const recorded = log.record(event('a'))
    const closed = log.close()
    await expect(log.record(event('b'))).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    ;(await flush(0)).settle({ kind: 'committed' })
    await Promise.all([recorded, closed])
  })

  it('tells its observer what waits and what each statement cost', async () => {
    const queued: number[] = []
    const flushed: object[] = []
    const { log, flush } = createLog({
      observer: { queued: (rows) => queued.push(rows), flushed: (done) => flushed.push(done) },
    })
    const all = Promise.all([log.record(event('a')), log.record(event('b'))])
    ;(await flush(0)).settle({ kind: 'committed' })
    await all
    await log.close()
    expect(queued).toEqual([1, 2, 0])
    expect(flushed).toEqual([{ rows: 2, durationMs: expect.any(Number), isCommitted: true }])
  })
})
