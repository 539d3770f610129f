import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuditEventStorePostgres } from '../audit/audit-event-store-postgres.ts'
import { GroupCommitAuditLog } from '../audit/audit-log.ts'
import { createCommit } from './commit.ts'
import { type Database, openDatabase } from './database.ts'
import { DatabaseLost } from './database-unreachable.ts'
import { migrateDatabase } from './migrate.ts'
import { type RestartablePostgres, startRestartablePostgres } from './test/restartable-postgres.ts'

let postgres: RestartablePostgres
let database: Database
let auditLog: GroupCommitAuditLog
const returns: number[] = []
beforeAll(async () => {
  postgres = await startRestartablePostgres()
  database = openDatabase({
    url: postgres.url,
    poolMax: 4,
    // A restart on a busy machine takes longer than anybody would wait; how long that is has tests of its own.
    bridgedMsMax: 20_000,
    logger: { warn: () => undefined },
    observer: { returned: (goneMs) => void returns.push(goneMs) },
  })
  await migrateDatabase(database.kysely)
  await sql`create table written (id uuid not null)`.execute(database.kysely)
  auditLog = new GroupCommitAuditLog({ store: createAuditEventStorePostgres(database.kysely) })
})
afterAll(async () => {
  await auditLog.close()
  await database.close()
  await postgres.close()
})

interface Told {
  done: string[]
  /** Refused, and not known whether it was done. */
  unknown: string[]
  failed: string[]
}

/** Does it again and again, with a new id each time, until it is told to stop. */
async function keepDoing(work: (id: string) => Promise<unknown>, told: Told, signal: AbortSignal) {
  while (!signal.aborted) {
    const id = randomUUID()
    try {
      await work(id)
      told.done.push(id)
    } catch (error) {
      const isUnknown =
        error instanceof DatabaseLost ||
        (error instanceof Error && 'code' in error && error.code === 'ServiceUnavailable')
      if (isUnknown) told.unknown.push(id)
      else told.failed.push(String(error))
    }
    await sleep(2)
  }
}

const read = (id: string) => sql`select ${id}::uuid`.execute(database.kysely)
const change = (id: string) =>
  createCommit(
    database.kysely,
    (transaction) => transaction,
  )(async (within) => {
    await sql`insert into written values (${id})`.execute(within)
    await sql`select pg_sleep(0.005)`.execute(within)
  })
const record = (id: string) =>
  auditLog.record({
    occurredAt: new Date(),
    organizationId: null,
    requestId: id,
    event: 'kubernetes-login',
    outcome: 'success',
    actor: { kind: 'stranger' },
    details: {},
  })

async function countOf(query: 'written' | 'audit_events'): Promise<Map<string, number>> {
  const column = query === 'written' ? sql`id::text` : sql`request_id`
  const { rows } = await sql<{ id: string; count: number }>`
    select ${column} as id, count(*)::int as count from ${sql.table(query)} group by 1`.execute(
    database.kysely,
  )
  return new Map(rows.map(({ id, count }) => [id, count]))
}

describe('work on a database', () => {
  it.each(['SIGINT', 'SIGQUIT', 'SIGKILL'] as const)(
    'that is stopped by %s and started again goes on: nothing acknowledged is lost, and nothing is done twice',
    async (signal) => {
      const stopping = new AbortController()
      const tell = (): Told => ({ done: [], unknown: [], failed: [] })
      const [reads, changes, events] = [tell(), tell(), tell()]
      const workers = [
        ...Array.from({ length: 3 }, () => keepDoing(read, reads, stopping.signal)),
        ...Array.from({ length: 3 }, () => keepDoing(change, changes, stopping.signal)),
        ...Array.from({ length: 3 }, () => keepDoing(record, events, stopping.signal)),
      ]
      const doneSince = async (least: number) => {
        for (const { done } of [reads, changes, events]) {
          const before = done.length
          await expect.poll(() => done.length - before, { timeout: 30_000 }).toBeGreaterThan(least)
        }
      }
      await doneSince(5)
      const returnsBefore = returns.length
      await postgres.stop(signal)
      await postgres.start()
      await doneSince(20)
      stopping.abort()
      await Promise.all(workers)

      expect(returns.length).toBeGreaterThan(returnsBefore)
      // No read was refused: it waited.
      expect([reads.unknown, reads.failed, changes.failed, events.failed]).toEqual([[], [], [], []])
      const [written, recorded] = [await countOf('written'), await countOf('audit_events')]
      for (const [told, found] of [
        [changes, written],
        [events, recorded],
      ] as const) {
        expect(told.done.filter((id) => found.get(id) !== 1)).toEqual([])
        expect(told.unknown.filter((id) => (found.get(id) ?? 0) > 1)).toEqual([])
      }
      const { busy, idle } = database.countConnections()
      expect(busy + idle).toBeLessThanOrEqual(4)
    },
    120_000,
  )
})
