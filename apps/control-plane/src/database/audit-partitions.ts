import { type Kysely, type Transaction, sql } from 'kysely'

/*
 * The audit log's table is partitioned by the month in which an event occurred, in UTC. A partition's name says what is in
 * it, and is all that is asked:
 *
 *   audit_events_2026_11         that month
 *   audit_events_until_2027_01   everything before that month: the table of before there were partitions
 *   audit_events_default         what no other takes, so that no event fails for want of a partition
 *
 * Logins insert all the time, and whoever waits for a lock that they are in the way of makes them wait in turn. A month is
 * added under locks that let inserts pass; it is removed within `lockMsMax`, or the next time.
 */

export const auditPartitionOfTheRest = 'audit_events_default'

export interface AuditPartition {
  name: string
  /** As YYYY-MM; undefined: it is for more than one. */
  month: string | undefined
  /** The first month that is not in it; undefined: it has no end. */
  endMonth: string | undefined
  /** False: a removal was cut off. */
  isAttached: boolean
}

const lockMsMax = 250
const monthsAhead = 3
/** "audi" in ASCII; any fixed number does. */
const changeLock = 0x61756469

export async function listAuditPartitions<Tables>(database: Kysely<Tables>): Promise<AuditPartition[]> {
  const { rows } = await sql<{ name: string; is_attached: boolean }>`
    select relname as name, exists (select from pg_inherits where inhrelid = tables.oid) as is_attached
    from pg_class as tables
    where relkind = 'r' and starts_with(relname, 'audit_events_')
      and relnamespace = (select relnamespace from pg_class where oid = 'audit_events'::regclass)
    order by relname`.execute(database)
  return rows.flatMap(({ name, is_attached: isAttached }) => {
    const months = monthsOf(name)
    return months === undefined ? [] : [{ name, ...months, isAttached }]
  })
}

function monthsOf(name: string): Pick<AuditPartition, 'month' | 'endMonth'> | undefined {
  if (name === auditPartitionOfTheRest) return { month: undefined, endMonth: undefined }
  const [, until, year, number] = /^audit_events_(until_)?(\d{4})_(\d\d)$/.exec(name) ?? []
  if (year === undefined || number === undefined) return undefined
  const month = `${year}-${number}`
  return until === undefined ? { month, endMonth: monthAfter(month) } : { month: undefined, endMonth: month }
}

/**
 * Makes the partitions of this month and of the next ones where they are missing. What went to the partition of the rest
 * meanwhile moves into them. Does nothing while another replica does.
 * @returns the names of those that it made
 */
export async function addAuditMonths<Tables>(transaction: Transaction<Tables>): Promise<string[]> {
  if (!(await mayChange(transaction))) return []
  const partitions = await listAuditPartitions(transaction)
  const has = (month: string): boolean =>
    partitions.some((one) => one.month === month || (one.month === undefined && month < (one.endMonth ?? '')))
  const { rows } = await sql<{ month: string }>`
    select to_char(now() at time zone 'UTC', 'YYYY-MM') as month`.execute(transaction)
  const added: string[] = []
  for (let month = rows[0]?.month ?? '', ahead = 0; ahead <= monthsAhead; ahead += 1) {
    if (!has(month)) added.push(await addMonth(transaction, month))
    month = monthAfter(month)
  }
  return added
}

async function addMonth<Tables>(transaction: Transaction<Tables>, month: string): Promise<string> {
  const name = `audit_events_${month.replace('-', '_')}`
  const table = sql.table(name)
  const [from, to] = [startOf(month), startOf(monthAfter(month))]
  await sql`create table ${table} (like audit_events including all)`.execute(transaction)
  // It has no primary key, which would cost each login an index that nothing reads. For logical replication.
  await sql`alter table ${table} replica identity full`.execute(transaction)
  await sql`lock table ${sql.table(auditPartitionOfTheRest)} in access exclusive mode`.execute(transaction)
  await sql`
    with moved as (
      delete from ${sql.table(auditPartitionOfTheRest)}
      where occurred_at >= ${from}::timestamptz and occurred_at < ${to}::timestamptz returning *)
    insert into ${table} select * from moved`.execute(transaction)
  await sql`
    alter table audit_events attach partition ${table} for values from (${sql.lit(from)}) to (${sql.lit(to)})`.execute(
    transaction,
  )
  return name
}

/**
 * Removes the partitions whose every event is older than so many days. Does nothing while another replica does.
 * @returns the names of those that it removed
 */
export async function dropAuditMonths<Tables>(database: Kysely<Tables>, days: number): Promise<string[]> {
  const { rows } = await sql<{ month: string }>`
    select to_char((now() - make_interval(days => ${days}::integer)) at time zone 'UTC', 'YYYY-MM') as month
  `.execute(database)
  const oldestMonth = rows[0]?.month ?? ''
  const dropped: string[] = []
  for (const { name, endMonth, isAttached } of await listAuditPartitions(database)) {
    if (endMonth === undefined || endMonth > oldestMonth) continue
    // Apart: removing the files of a large table takes longer than logins should wait for the lock on `audit_events`.
    if (isAttached && !(await detach(database, name))) continue
    await sql`drop table if exists ${sql.table(name)}`.execute(database)
    dropped.push(name)
  }
  return dropped
}

/** Not `concurrently`, which there is not beside a partition of the rest. */
function detach<Tables>(database: Kysely<Tables>, name: string): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    if (!(await mayChange(transaction))) return false
    await sql`alter table audit_events detach partition ${sql.table(name)}`.execute(transaction)
    return true
  })
}

/** One at a time, and nobody waits for long. */
async function mayChange<Tables>(transaction: Transaction<Tables>): Promise<boolean> {
  await sql`set local lock_timeout = ${sql.lit(lockMsMax)}`.execute(transaction)
  const { rows } = await sql<{ is_mine: boolean }>`
    select pg_try_advisory_xact_lock(${changeLock}::int8) as is_mine`.execute(transaction)
  return rows[0]?.is_mine === true
}

/** @param month as YYYY-MM */
export function monthAfter(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7)
}

/** As PostgreSQL reads it, whatever its time zone. */
export function startOf(month: string): string {
  return `${month}-01 00:00:00+00`
}
