import { type Kysely, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { LockoutStore } from './lockout-store.ts'

export function createLockoutStorePostgres(database: Kysely<Schema>): LockoutStore {
  return {
    recordFailure: async (universalAuthId, source, settings) => {
      const { threshold, durationSeconds, counterResetSeconds } = settings
      const lockedUntil = sql`now() + make_interval(secs => ${durationSeconds})`
      const countedUntil = sql`now() + make_interval(secs => ${counterResetSeconds})`
      // A row that has expired says nothing: the count begins anew.
      const failures = sql`(case when lockout.expires_at <= now() then 1 else lockout.failures + 1 end)`
      // Selected, not given: a client id that was removed meanwhile counts nothing.
      const { rows } = await sql<{ is_locked_out: boolean }>`
        insert into universal_auth_lockouts as lockout
          (universal_auth_id, source, failures, locked_until, expires_at)
        select id, ${source}, 1,
          case when 1 >= ${threshold}::int then ${lockedUntil} end,
          case when 1 >= ${threshold}::int then ${lockedUntil} else ${countedUntil} end
        from universal_auths where id = ${universalAuthId} for key share
        on conflict (universal_auth_id, source) do update set
          failures = ${failures},
          locked_until = case when ${failures} >= ${threshold}::int then ${lockedUntil} end,
          expires_at = case when ${failures} >= ${threshold}::int then ${lockedUntil} else ${countedUntil} end
        returning lockout.locked_until is not null as is_locked_out
      `.execute(database)
      return rows[0]?.is_locked_out === true
    },

    clear: async (universalAuthId) => {
      const rows = await database
        .deleteFrom('universal_auth_lockouts')
        .where('universal_auth_id', '=', universalAuthId)
        .returning(sql<boolean>`coalesce(locked_until > now(), false)`.as('was_locked_out'))
        .execute()
      return rows.filter(({ was_locked_out: wasLockedOut }) => wasLockedOut).length
    },

    deleteExpired: async (rowsMax) => {
      const { rows } = await sql`
        delete from universal_auth_lockouts where ctid = any(array(
          select ctid from universal_auth_lockouts where expires_at <= now()
          limit ${rowsMax} for update skip locked
        )) and expires_at <= now() returning 1`.execute(database)
      return rows.length
    },
  }
}
