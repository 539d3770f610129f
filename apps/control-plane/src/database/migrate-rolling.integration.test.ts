import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAuditEventStorePostgres } from '../audit/audit-event-store-postgres.ts'
import { encodeAuditEvent } from '../audit/encode-audit-event.ts'
import { StartupProblem } from '../startup-problem.ts'
import { listAuditPartitions } from './audit-partitions.ts'
import { type Database, openDatabase } from './database.ts'
import { type DatabaseMigrations, databaseMigrations, migrateDatabase } from './migrate.ts'
import { prepare } from './migrations/0014-audit-partitions.ts'
import { type TestDatabase, createTestDatabase } from './test/create-test-database.ts'

let test: TestDatabase
beforeEach(async () => {
  test = await createTestDatabase({ isBlank: true })
})
afterEach(() => test.close())

const before = (name: string): DatabaseMigrations =>
  Object.fromEntries(Object.entries(databaseMigrations).filter(([one]) => one < name))

describe('a database that a newer version has migrated', () => {
  const newer: DatabaseMigrations = {
    ...databaseMigrations,
    '9998-more': { up: async (database) => void (await sql`create table more (id int)`.execute(database)) },
  }

  it('is used by a replica of the version before that starts again', async () => {
    expect(await migrateDatabase(test.kysely, newer)).toHaveLength(Object.keys(newer).length)
    expect(await migrateDatabase(test.kysely)).toEqual([])
    expect(await migrateDatabase(test.kysely, newer)).toEqual([])
  })

  it('is not used by a version that lacks what is no longer there, and says so', async () => {
    const taking: DatabaseMigrations = {
      ...newer,
      '9999-less': {
        up: async (database) => {
          await sql`update schema_floor set oldest_migration = '9998-more'`.execute(database)
        },
      },
    }
    await migrateDatabase(test.kysely, taking)
    await expect(migrateDatabase(test.kysely)).rejects.toThrow(StartupProblem)
    await expect(migrateDatabase(test.kysely)).rejects.toThrow(/9998-more on can/)
    expect(await migrateDatabase(test.kysely, newer)).toEqual([])
  })

  it('that lacks one of ours in the middle is not taken for that', async () => {
    const others: DatabaseMigrations = { ...before('0008'), '0005-other': { up: () => Promise.resolve() } }
    await migrateDatabase(test.kysely, others)
    await expect(migrateDatabase(test.kysely)).rejects.toThrow(/0005-other/)
  })
})

const event = (requestId: string) =>
  encodeAuditEvent({
    occurredAt: new Date(),
    organizationId: null,
    requestId,
    event: 'kubernetes-login',
    outcome: 'success',
    actor: { kind: 'stranger' },
    details: {},
  })

describe('an upgrade of an audit log without partitions', () => {
  let database: Database
  beforeEach(async () => {
    await migrateDatabase(test.kysely, before('0014'))
    await sql`
      insert into audit_events (occurred_at, request_id, event, outcome, actor_kind, details)
      select now() - number * interval '7 hours', 'old-' || number, 'kubernetes-login', 'success', 'stranger', '{}'
      from generate_series(1, 500) as number`.execute(test.kysely)
    database = openDatabase({ url: test.url, poolMax: 2, logger: { warn: () => undefined } })
  })
  afterEach(() => database.close())

  async function rowsNow(): Promise<{ rows: number; ids: number; requests: number }> {
    const { rows } = await sql<{ rows: number; ids: number; requests: number }>`
      select count(*)::int as rows, count(distinct id)::int as ids, count(distinct request_id)::int as requests
      from audit_events`.execute(test.kysely)
    return rows[0] ?? { rows: 0, ids: 0, requests: 0 }
  }

  it('keeps every event, under logins that go on meanwhile', async () => {
    const store = createAuditEventStorePostgres(database.kysely)
    const stopping = new AbortController()
    let appended = 0
    const logins = (async () => {
      for (; !stopping.signal.aborted; appended += 1) {
        expect(await store.append([event(randomUUID())])).toEqual({ kind: 'committed' })
      }
    })()
    await sleep(50)
    await migrateDatabase(test.kysely)
    const atSwitch = appended
    await expect.poll(() => appended).toBeGreaterThan(atSwitch + 5)
    stopping.abort()
    await logins
    const count = 500 + appended
    expect(await rowsNow()).toEqual({ rows: count, ids: count, requests: count })
    const partitions = await listAuditPartitions(test.kysely)
    expect(partitions.filter(({ name }) => name.startsWith('audit_events_until_'))).toHaveLength(1)
  })

  it('takes the table of before as it is: not one row is written again', async () => {
    const fileOf = (table: string) =>
      sql<{ file: string }>`select pg_relation_filenode(${table}::regclass)::text as file`.execute(
        test.kysely,
      )
    const { rows: was } = await fileOf('audit_events')
    await migrateDatabase(test.kysely)
    const old = (await listAuditPartitions(test.kysely)).find(({ name }) => name.includes('until'))
    expect((await fileOf(old?.name ?? '')).rows).toEqual(was)
  })

  it('gives way to whoever reads for long: logins wait for it no longer than a moment', async () => {
    const reader = await database.kysely.startTransaction().execute()
    await reader.selectFrom('audit_events').select('id').limit(1).execute()
    const migrating = migrateDatabase(test.kysely)
    const store = createAuditEventStorePostgres(test.kysely)
    for (let count = 0; count < 30; count += 1) {
      expect(await store.append([event(randomUUID())])).toEqual({ kind: 'committed' })
      await sleep(50)
    }
    expect(await listAuditPartitions(test.kysely)).toEqual([])
    await reader.rollback().execute()
    expect(await migrating).toContain('0014-audit-partitions')
    expect((await rowsNow()).rows).toBe(530)
  })

  it('that was cut off after it had looked at all rows goes on from there', async () => {
    await prepare(test.kysely.withTables<never>())
    expect(await migrateDatabase(test.kysely)).toContain('0014-audit-partitions')
    expect((await rowsNow()).rows).toBe(500)
  })

  it('that was cut off long ago looks at them again: its end of the old table has come close', async () => {
    await sql`alter table audit_events add constraint audit_events_before_2020_01 check (true) not valid`.execute(
      test.kysely,
    )
    await migrateDatabase(test.kysely)
    expect((await rowsNow()).rows).toBe(500)
    const names = (await listAuditPartitions(test.kysely)).map(({ name }) => name)
    expect(names).not.toContain('audit_events_until_2020_01')
  })
})
