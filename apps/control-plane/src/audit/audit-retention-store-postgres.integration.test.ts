import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listAuditPartitions } from '../database/audit-partitions.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { type PlanNode, partitionIndexes, readPlan } from '../database/test/read-plan.ts'
import { createAuditEventStorePostgres, searchQuery } from './audit-event-store-postgres.ts'
import { createAuditRetentionStorePostgres } from './audit-retention-store-postgres.ts'
import type { AuditRetentionStore } from './audit-retention-store.ts'
import { encodeAuditEvent } from './encode-audit-event.ts'

let test: TestDatabase
let store: AuditRetentionStore
beforeAll(async () => {
  test = await createTestDatabase()
  store = createAuditRetentionStorePostgres(test.kysely)
})
afterAll(() => test.close())

async function createOrganization(): Promise<string> {
  const slug = randomUUID()
  const { id } = await test.kysely
    .insertInto('organizations')
    .values({ name: slug, slug, wrapped_key: Buffer.alloc(1) })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

const daysAgo = (days: number): Date => new Date(Date.now() - days * 86_400_000)

async function append(organizationId: string | null, ...ages: number[]): Promise<void> {
  const events = ages.map((days) =>
    encodeAuditEvent({
      occurredAt: daysAgo(days),
      organizationId,
      requestId: `${String(days)} days`,
      event: 'kubernetes-login',
      outcome: 'success',
      actor: { kind: 'stranger' },
      details: {},
    }),
  )
  expect(await createAuditEventStorePostgres(test.kysely).append(events)).toEqual({ kind: 'committed' })
}

async function agesOf(organizationId: string | null): Promise<string[]> {
  const rows = await test.kysely
    .selectFrom('audit_events')
    .select('request_id')
    .where('organization_id', organizationId === null ? 'is' : '=', organizationId)
    .orderBy('id')
    .execute()
  return rows.map(({ request_id: requestId }) => requestId)
}

describe('the retention of audit events', () => {
  it('is what the organization chose, or nothing', async () => {
    const id = await createOrganization()
    expect(await store.find(id)).toBeNull()
    expect(await store.set(id, 30)).toBe(true)
    expect(await store.find(id)).toBe(30)
    expect(await store.set(id, null)).toBe(true)
    expect(await store.find(id)).toBeNull()
  })

  it('of an organization that does not exist is not found and not set', async () => {
    expect(await store.find(randomUUID())).toBeUndefined()
    expect(await store.set(randomUUID(), 30)).toBe(false)
  })

  it('removes what is older than its organization keeps, or than the instance keeps, the oldest first', async () => {
    const [short, long, unset, deleted] = [
      await createOrganization(),
      await createOrganization(),
      await createOrganization(),
      randomUUID(),
    ]
    await store.set(short, 7)
    await store.set(long, 1000)
    await Promise.all([short, long, unset, deleted, null].map((id) => append(id, 1, 6, 8, 89, 91)))
    let removed = 0
    for (let batch = -1; batch !== 0; removed += batch) {
      batch = await store.removeOld(90, 2)
      expect(batch).toBeLessThanOrEqual(2)
    }
    expect(await agesOf(short)).toEqual(['1 days', '6 days'])
    for (const id of [long, unset, deleted, null]) {
      expect(await agesOf(id)).toEqual(['1 days', '6 days', '8 days', '89 days'])
    }
    expect(removed).toBe(3 + 4)
  })

  it('neither waits for an event that somebody else removes, nor counts it', async () => {
    const id = await createOrganization()
    await append(id, 100, 101)
    await test.kysely.transaction().execute(async (other) => {
      await other
        .selectFrom('audit_events')
        .select('id')
        .where('request_id', '=', '101 days')
        .forUpdate()
        .execute()
      expect(await store.removeOld(90, 1000)).toBe(1)
    })
    expect(await agesOf(id)).toEqual(['101 days'])
  })
})

describe('the months of the audit log', () => {
  const namesNow = async () => (await listAuditPartitions(test.kysely)).map(({ name }) => name)
  const nameOf = (daysFromNow: number): string =>
    `audit_events_${daysAgo(-daysFromNow).toISOString().slice(0, 7).replace('-', '_')}`
  const requestIdsIn = async (table: string): Promise<string[]> => {
    const { rows } = await sql<{ request_id: string }>`select request_id from ${sql.table(table)}`.execute(
      test.kysely,
    )
    return rows.map(({ request_id: requestId }) => requestId)
  }

  it('are there for this month and three more, and one for whatever else comes', async () => {
    const names = await namesNow()
    expect(names).toHaveLength(5)
    expect(names).toEqual(expect.arrayContaining([nameOf(0), 'audit_events_default']))
    expect(await store.addMonths()).toEqual([])
  })

  it('are made when they are missing, with what went elsewhere meanwhile, and the same indexes', async () => {
    const month = (await namesNow()).at(-2) ?? ''
    await sql`drop table ${sql.table(month)}`.execute(test.kysely)
    const inIt = new Date(`${month.slice(-7).replace('_', '-')}-15T12:00:00Z`)
    await append(null, (Date.now() - inIt.getTime()) / 86_400_000)
    expect(await store.addMonths()).toEqual([month])
    expect(await requestIdsIn(month)).toHaveLength(1)
    const { rows } = await sql<{ parent: string }>`
      select inhparent::regclass::text as parent from pg_inherits join pg_index on indexrelid = inhrelid
      where indrelid = ${month}::regclass order by 1`.execute(test.kysely)
    expect(rows.map(({ parent }) => parent)).toEqual([
      'audit_events_by_request',
      'audit_events_by_time',
      'audit_events_of_identity',
      'audit_events_of_project',
    ])
  })

  it('that two replicas miss at once are made once', async () => {
    const month = (await namesNow()).at(-2) ?? ''
    await sql`drop table ${sql.table(month)}`.execute(test.kysely)
    const made = await Promise.all([store.addMonths(), store.addMonths()])
    expect(made.flat()).toEqual([month])
  })

  it('go when their last event is older than the instance keeps it, also after a removal that was cut off', async () => {
    await sql`create table audit_events_2020_01 partition of audit_events
      for values from ('2020-01-01 00:00:00+00') to ('2020-02-01 00:00:00+00')`.execute(test.kysely)
    await sql`create table audit_events_2020_02 (like audit_events)`.execute(test.kysely)
    await append(null, (Date.now() - Date.UTC(2020, 0, 31)) / 86_400_000)
    const days = (Date.now() - Date.UTC(2020, 1, 1)) / 86_400_000
    expect(await store.dropMonths(Math.ceil(days) + 1)).toEqual([])
    expect(await store.dropMonths(Math.floor(days) - 1)).toEqual(['audit_events_2020_01'])
    expect(await store.dropMonths(365)).toEqual(['audit_events_2020_02'])
    expect(await namesNow()).toHaveLength(5)
  })

  it('wait no longer for whoever reads than logins should wait for them, and go the next time', async () => {
    await sql`create table audit_events_2020_01 partition of audit_events
      for values from ('2020-01-01 00:00:00+00') to ('2020-02-01 00:00:00+00')`.execute(test.kysely)
    await test.kysely.transaction().execute(async (reader) => {
      await reader.selectFrom('audit_events').select('id').limit(1).execute()
      await expect(store.dropMonths(365)).rejects.toMatchObject({ code: '55P03' })
      await append(null, 0)
    })
    expect(await store.dropMonths(365)).toEqual(['audit_events_2020_01'])
  })
})

describe('a search among many events', () => {
  const organizationId = randomUUID()
  const identityId = randomUUID()
  const projectId = randomUUID()
  beforeAll(async () => {
    const rows = Array.from({ length: 4000 }, (_unused, index) => ({
      occurred_at: daysAgo(index / 100),
      organization_id: index % 4 === 0 ? organizationId : randomUUID(),
      request_id: `request-${String(index)}`,
      event: 'kubernetes-login',
      outcome: 'success' as const,
      actor_kind: 'identity',
      identity_id: index % 1000 === 0 ? identityId : randomUUID(),
      project_id: index % 1000 === 1 ? projectId : null,
      details: '{}',
    }))
    await test.kysely.insertInto('audit_events').values(rows.slice(0, 2000)).execute()
    await test.kysely.insertInto('audit_events').values(rows.slice(2000)).execute()
    await sql`analyze audit_events`.execute(test.kysely)
  })

  it.each([
    ['of a span of time', { since: daysAgo(20), until: daysAgo(10) }, 'audit_events_by_time'],
    ['from a cursor on', { after: { occurredAt: daysAgo(20), id: 5 } }, 'audit_events_by_time'],
    [
      'of denied logins',
      { outcome: 'denied' as const, events: ['kubernetes-login'] },
      'audit_events_by_time',
    ],
    ['by request id', { requestId: 'request-4' }, 'audit_events_by_request'],
    ['of one identity', { identityId }, 'audit_events_of_identity'],
    ['of one project', { projectId }, 'audit_events_of_project'],
  ])('%s reads an index', async (_title, search, index) => {
    const { used, whole } = await test.kysely.transaction().execute(async (transaction) => {
      // A month of so few rows is read faster without an index.
      await sql`set local enable_seqscan = off`.execute(transaction)
      const [explained] = await searchQuery(transaction, { organizationId, limit: 50, ...search }).explain(
        'json',
      )
      const { rows } = await sql<{ child: string; parent: string }>`${sql.raw(partitionIndexes)}`.execute(
        transaction,
      )
      const plans = explained as { 'QUERY PLAN': { Plan: PlanNode }[] } | undefined
      const plan = plans?.['QUERY PLAN'][0]?.Plan
      return readPlan(plan ?? { 'Node Type': 'none' }, rows)
    })
    expect(used).toEqual([index])
    expect(whole).toEqual([])
  })
})
