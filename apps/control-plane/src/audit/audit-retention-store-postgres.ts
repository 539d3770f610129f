import { type Kysely, sql } from 'kysely'
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
      const { numAffectedRows = 0n } = await removal(daysMax, rowsMax).execute(database)
      return Number(numAffectedRows)
    },
  }
}

/**
 * `owners` hops from one organization to the next in the index `audit_events_by_time`, whatever their numbers of events;
 * each then gives up its oldest from the rear of the same index. Rows that another replica removes are passed over.
 */
function removal(daysMax: number, rowsMax: number) {
  return sql`
    with recursive owners (id) as (
      (select organization_id from audit_events where organization_id is not null
       order by organization_id limit 1)
      union all
      select (select next.organization_id from audit_events as next
              where next.organization_id > owners.id order by next.organization_id limit 1)
      from owners where owners.id is not null
    ), old as (
      (select expired.id
       from owners
       left join organizations on organizations.id = owners.id
       cross join lateral (
         select audit_events.id from audit_events
         where audit_events.organization_id = owners.id
           and audit_events.occurred_at
             < now() - make_interval(days => least(organizations.audit_retention_days, ${daysMax}::integer))
         order by audit_events.occurred_at
         limit ${rowsMax}
         for update skip locked
       ) as expired
       where owners.id is not null)
      union all
      (select nobodys.id from (
         select id from audit_events
         where organization_id is null and occurred_at < now() - make_interval(days => ${daysMax}::integer)
         order by occurred_at
         limit ${rowsMax}
         for update skip locked
       ) as nobodys)
      limit ${rowsMax}
    )
    delete from audit_events where id in (select id from old)`
}
