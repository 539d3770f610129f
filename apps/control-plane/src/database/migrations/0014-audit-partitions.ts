import { type Kysely, type Transaction, sql } from 'kysely'
import { addAuditMonths, auditPartitionOfTheRest, monthAfter, startOf } from '../audit-partitions.ts'

/**
 * Audit events by months: what is too old goes with its month's table. The table of before becomes one of the partitions
 * as it is: none of its rows is written again. It has a primary key, which the new ones lack; `id` still tells events of
 * one moment apart.
 *
 * Inserts go on while `prepare` reads all rows, to know that they belong into that partition, and wait for a moment while
 * `up` exchanges the tables: it only writes into the catalogue.
 */

/** Names the first month that the table of before does not take. */
const constraintName = /^audit_events_before_(\d{4})_(\d\d)$/
/** Rows come in while the old ones are read, and must not reach the end of the table of before meanwhile. */
const daysLeftMin = 14

export async function prepare(database: Kysely<never>): Promise<void> {
  const { rows } = await sql<{ is_empty: boolean }>`
    select not exists (select from audit_events) as is_empty`.execute(database)
  if (rows[0]?.is_empty === true) return
  const known = await findConstraint(database)
  const isUsable = known !== undefined && (await daysUntil(database, known.month)) >= daysLeftMin
  if (known !== undefined && !isUsable) {
    await sql`alter table audit_events drop constraint ${sql.ref(known.name)}`.execute(database)
  }
  const name = known !== undefined && isUsable ? known.name : await addConstraint(database)
  // Beside inserts: SHARE UPDATE EXCLUSIVE.
  await sql`alter table audit_events validate constraint ${sql.ref(name)}`.execute(database)
}

export async function up(database: Transaction<never>): Promise<void> {
  await sql`lock table audit_events in access exclusive mode`.execute(database)
  const { rows } = await sql<{ is_empty: boolean; next_id: string }>`
    select not exists (select from audit_events) as is_empty,
      nextval(pg_get_serial_sequence('audit_events', 'id'))::text as next_id`.execute(database)
  const isEmpty = rows[0]?.is_empty === true
  const earlier = isEmpty ? undefined : await setAside(database)
  if (isEmpty) await sql`drop table audit_events`.execute(database)
  await sql`create sequence audit_event_ids start with ${sql.lit(Number(rows[0]?.next_id))}`.execute(database)
  for (const statement of partitioned) await sql.raw(statement).execute(database)
  if (earlier !== undefined) await attach(database, earlier)
  await sql`create table ${sql.table(auditPartitionOfTheRest)} partition of audit_events default`.execute(
    database,
  )
  await sql`alter table ${sql.table(auditPartitionOfTheRest)} replica identity full`.execute(database)
  await addAuditMonths(database)
}

/**
 * The columns as they stand in the table of before, so that its rows need no translation. The indexes:
 * - `audit_events_by_time`: an organization's list, newest first, of any span of time; what is too old to be kept
 * - `audit_events_of_identity`: the same of one identity, rare events among many logins included
 * - `audit_events_of_project`: the same of one project; logins have none and pay nothing for it
 * - `audit_events_by_request`: one request, as explain asks for
 */
const partitioned: readonly string[] = [
  `create table audit_events (
     id bigint not null default nextval('audit_event_ids'),
     occurred_at timestamptz not null,
     organization_id uuid,
     request_id text not null,
     event text not null,
     outcome text not null constraint audit_events_outcome_check check (outcome in ('success', 'denied', 'failed')),
     reason text,
     actor_kind text not null,
     actor_id text,
     identity_id uuid,
     ip_address text,
     details jsonb not null,
     project_id uuid
   ) partition by range (occurred_at)`,
  `alter sequence audit_event_ids owned by audit_events.id`,
  `create index audit_events_by_time on audit_events (organization_id, occurred_at desc, id desc)`,
  `create index audit_events_of_identity on audit_events (identity_id, occurred_at desc, id desc)
     where identity_id is not null`,
  `create index audit_events_of_project on audit_events (project_id, occurred_at desc, id desc)
     where project_id is not null`,
  `create index audit_events_by_request on audit_events (request_id)`,
]

const indexes = ['pkey', 'by_time', 'of_identity', 'of_project', 'by_request']

interface Earlier {
  name: string
  endMonth: string
  constraint: string
}

/** The table of before gets out of the way of the names. */
async function setAside(database: Transaction<never>): Promise<Earlier> {
  // Rows may have come into a table that was empty when it was looked at: then they are few.
  const constraint = (await findConstraint(database))?.name ?? (await addConstraint(database))
  await sql`alter table audit_events validate constraint ${sql.ref(constraint)}`.execute(database)
  const endMonth = monthOf(constraint) ?? ''
  const name = `audit_events_until_${endMonth.replace('-', '_')}`
  await sql`alter table audit_events alter column id drop identity`.execute(database)
  await sql`alter table audit_events rename to ${sql.ref(name)}`.execute(database)
  for (const index of indexes) {
    await sql`alter index ${sql.ref(`audit_events_${index}`)} rename to ${sql.ref(`${name}_${index}`)}`.execute(
      database,
    )
  }
  return { name, endMonth, constraint }
}

async function attach(database: Transaction<never>, { name, endMonth, constraint }: Earlier): Promise<void> {
  const end = sql.lit(startOf(endMonth))
  await sql`alter table audit_events attach partition ${sql.table(name)}
    for values from (minvalue) to (${end})`.execute(database)
  await sql`alter table ${sql.table(name)} drop constraint ${sql.ref(constraint)}`.execute(database)
}

async function findConstraint(database: Kysely<never>): Promise<{ name: string; month: string } | undefined> {
  const { rows } = await sql<{ name: string }>`
    select conname as name from pg_constraint where conrelid = 'audit_events'::regclass`.execute(database)
  for (const { name } of rows) {
    const month = monthOf(name)
    if (month !== undefined) return { name, month }
  }
  return undefined
}

function monthOf(constraint: string): string | undefined {
  const [, year, number] = constraintName.exec(constraint) ?? []
  return year === undefined || number === undefined ? undefined : `${year}-${number}`
}

/** Rows are held to it from now on; the present ones are not looked at yet. */
async function addConstraint(database: Kysely<never>): Promise<string> {
  const { rows } = await sql<{ month: string }>`
    select to_char(greatest(now() + interval '1 month', max(occurred_at)) at time zone 'UTC', 'YYYY-MM') as month
    from audit_events`.execute(database)
  const end = monthAfter(rows[0]?.month ?? '')
  const name = `audit_events_before_${end.replace('-', '_')}`
  await sql`alter table audit_events add constraint ${sql.ref(name)}
    check (occurred_at < ${sql.lit(startOf(end))}::timestamptz) not valid`.execute(database)
  return name
}

async function daysUntil(database: Kysely<never>, month: string): Promise<number> {
  const { rows } = await sql<{ days: number }>`
    select (extract(epoch from ${startOf(month)}::timestamptz - now()) / 86400)::float8 as days`.execute(
    database,
  )
  return rows[0]?.days ?? 0
}
