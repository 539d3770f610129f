import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../database/database.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import type { AuditEvent } from './audit-event.ts'
import { createAuditEventStorePostgres } from './audit-event-store-postgres.ts'
import { describeAuditEventStore } from './audit-event-store.conformance.ts'
import { GroupCommitAuditLog } from './audit-log.ts'
import { encodeAuditEvent } from './encode-audit-event.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

const event = (organizationId: string): AuditEvent => ({
  occurredAt: new Date(),
  organizationId,
  requestId: randomUUID(),
  event: 'kubernetes-login',
  outcome: 'success',
  actor: { kind: 'system' },
  details: { namespace: 'shop' },
})

describeAuditEventStore(() => createAuditEventStorePostgres(database.kysely))

describe('audit events in PostgreSQL', () => {
  it.each(['off', 'local', 'on'])(
    'are on disk when they are committed, where synchronous_commit is %s',
    async (setting) => {
      const other = await createTestDatabase()
      // A deferred trigger runs within the commit: it sees the setting that the commit will obey.
      await sql`create table seen (setting text)`.execute(other.kysely)
      await sql`
        create function note_setting() returns trigger language plpgsql as $$
        begin insert into seen values (current_setting('synchronous_commit')); return null; end $$
      `.execute(other.kysely)
      await sql`
        create constraint trigger note after insert on audit_events
        deferrable initially deferred for each row execute function note_setting()
      `.execute(other.kysely)
      const name = new URL(other.url).pathname.slice(1)
      await sql`alter database ${sql.ref(name)} set synchronous_commit = ${sql.lit(setting)}`.execute(
        other.kysely,
      )
      const logger = { warn: () => undefined }
      const fresh = openDatabase({ url: other.url, poolMax: 1, logger })
      await createAuditEventStorePostgres(fresh.kysely).append([encodeAuditEvent(event(randomUUID()))])
      const { rows } = await sql`
        select setting, current_setting('synchronous_commit') as afterwards from seen
      `.execute(fresh.kysely)
      await fresh.close()
      await other.close()
      expect(rows).toEqual([{ setting: 'on', afterwards: setting }])
    },
  )

  it('were not written when the server cannot be reached', async () => {
    const url = 'postgres://nobody@127.0.0.1:1/nowhere'
    const unreachable = openDatabase({
      url,
      poolMax: 1,
      bridgedMsMax: 0,
      logger: { warn: () => undefined },
    })
    const store = createAuditEventStorePostgres(unreachable.kysely)
    expect(await store.append([encodeAuditEvent(event(randomUUID()))])).toMatchObject({ kind: 'not-reached' })
    await unreachable.close()
  })

  it('may or may not have been written when the session is ended meanwhile, and every waiter is told', async () => {
    const own = openDatabase({ url: database.url, poolMax: 1, logger: { warn: () => undefined } })
    const log = new GroupCommitAuditLog({ store: createAuditEventStorePostgres(own.kysely) })
    const organizationId = randomUUID()
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(own.kysely)
    const blocker = await database.kysely.startTransaction().execute()
    await sql`lock table audit_events in exclusive mode`.execute(blocker)
    const waiting = Promise.allSettled([log.record(event(organizationId)), log.record(event(organizationId))])
    await new Promise((resolve) => setTimeout(resolve, 50))
    await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(blocker)
    await blocker.rollback().execute()
    for (const result of await waiting) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ServiceUnavailable' } })
    }
    // The pool may hand out the dead connection once more before it hears of its end.
    const isRecorded = () =>
      log.record(event(organizationId)).then(
        () => true,
        () => false,
      )
    await expect.poll(isRecorded).toBe(true)
    const store = createAuditEventStorePostgres(database.kysely)
    expect(await store.find({ organizationId, limit: 10 })).toHaveLength(1)
    await own.close()
  })

  it('are all there, once each, after many at once', async () => {
    const flushedRows: number[] = []
    const log = new GroupCommitAuditLog({
      store: createAuditEventStorePostgres(database.kysely),
      observer: { flushed: ({ rows }) => flushedRows.push(rows) },
    })
    const organizationId = randomUUID()
    const events = Array.from({ length: 500 }, () => event(organizationId))
    await Promise.all(
      events.map(async (one, index) => {
        await new Promise((resolve) => setTimeout(resolve, index % 20))
        await log.record(one)
      }),
    )
    await log.close()
    const stored = await createAuditEventStorePostgres(database.kysely).find({ organizationId, limit: 1000 })
    expect(stored.map(({ requestId }) => requestId).sort()).toEqual(
      events.map(({ requestId }) => requestId).sort(),
    )
    expect(flushedRows.reduce((sum, rows) => sum + rows, 0)).toBe(500)
    expect(flushedRows.length).toBeLessThan(500)
  })
})
