import { type Kysely, type RawBuilder, sql } from 'kysely'
import { addAuditMonths, dropAuditMonths, listAuditPartitions } from '../database/audit-partitions.ts'
import type { Schema } from '../database/schema.ts'
import type { AuditRetentionStore } from './audit-retention-store.ts'

export function createAuditRetentionStorePostgres(database: Kysely<Schema>): AuditRetentionStore {
  return {
    async find(organizationId) {
      const row = await database
        .selectFrom('organizations')
        .select('audit_retention_days')
        .where('id', '=', organizationId)
        .executeTakeFirst()
      return row?.audit_retention_days
    },

    async set(organizationId, days) {
      const { numUpdatedRows } = await database
        .updateTable('organizations')
        .set({ audit_retention_days: days })
        .where('id', '=', organizationId)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    async removeOld(daysMax, rowsMax) {
      let removed = await affected(database, earlierThanTheInstance(daysMax, rowsMax))
      for (const { name, month } of await listAuditPartitions(database)) {
        if (month === undefined && removed < rowsMax) {
          removed += await affected(database, beyondMonths(name, daysMax, rowsMax - removed))
        }
      }
      return removed
    },

    addMonths: () => database.transaction().execute(addAuditMonths),
    dropMonths: (daysMax) => dropAuditMonths(database, daysMax),
  }
}

async function affected(database: Kysely<Schema>, statement: RawBuilder<unknown>): Promise<number> {
  const { numAffectedRows = 0n } = await statement.execute(database)
  return Number(numAffectedRows)
}

/** Those of organizations that keep events for less time than the instance does, by the index `audit_events_by_time`. */
function earlierThanTheInstance(daysMax: number, rowsMax: number): RawBuilder<unknown> {
  return sql`
    with old as (
      select expired.organization_id, expired.occurred_at, expired.id
      from organizations
      cross join lateral (
        select audit_events.organization_id, audit_events.occurred_at, audit_events.id from audit_events
        where audit_events.organization_id = organizations.id
          and audit_events.occurred_at < now() - make_interval(days => organizations.audit_retention_days)
        order by audit_events.occurred_at
        limit ${rowsMax}
        for update skip locked
      ) as expired
      where organizations.audit_retention_days < ${daysMax}::integer
      limit ${rowsMax}
    )
    delete from audit_events using old
    where audit_events.organization_id = old.organization_id
      and audit_events.occurred_at = old.occurred_at and audit_events.id = old.id`
}

/**
 * Those in a partition that is not one month's, and does not go as a whole. `owners` hops from one organization to the
 * next in its index by time, whatever their numbers of events; each then gives up its oldest from the rear of the same
 * index. Rows that another replica removes are passed over.
 */
function beyondMonths(name: string, daysMax: number, rowsMax: number): RawBuilder<unknown> {
  const table = sql.table(name)
  return sql`
    with recursive owners (id) as (
      (select organization_id from ${table} where organization_id is not null
       order by organization_id limit 1)
      union all
      select (select next.organization_id from ${table} as next
              where next.organization_id > owners.id order by next.organization_id limit 1)
      from owners where owners.id is not null
    ), old as (
      (select expired.place
       from owners
       left join organizations on organizations.id = owners.id
       cross join lateral (
         select events.ctid as place from ${table} as events
         where events.organization_id = owners.id
           and events.occurred_at
             < now() - make_interval(days => least(organizations.audit_retention_days, ${daysMax}::integer))
         order by events.occurred_at
         limit ${rowsMax}
         for update skip locked
       ) as expired
       where owners.id is not null)
      union all
      (select nobodys.place from (
         select ctid as place from ${table}
         where organization_id is null and occurred_at < now() - make_interval(days => ${daysMax}::integer)
         order by occurred_at
         limit ${rowsMax}
         for update skip locked
       ) as nobodys)
      limit ${rowsMax}
    )
    delete from ${table} where ctid = any (array(select place from old))`
}
