import { type RawBuilder, sql } from 'kysely'
import type { TestApp } from './start-test-app.ts'

/** From then on the database refuses to write what happened to the table that `setRefused` names. */
export async function addRefusal({ database: { kysely } }: TestApp): Promise<void> {
  const statements: RawBuilder<unknown>[] = [
    sql`create table refused_writes (name text not null)`,
    sql`create function refuse_write() returns trigger language plpgsql as $$
      begin
        if exists (select from refused_writes
                   where name = tg_table_name or (name <> '' and starts_with(tg_table_name, name || '_'))) then
          raise exception 'the disk of % is full', tg_table_name using errcode = 'disk_full';
        end if;
        return new;
      end $$`,
    sql`create trigger refuse before insert on audit_events for each row
      when (new.outcome = 'success') execute function refuse_write()`,
    sql`create trigger refuse before insert on revocations for each row execute function refuse_write()`,
  ]
  for (const statement of statements) await statement.execute(kysely)
}

/** Of successes in the audit log, or of revocations; empty: nothing any more. */
export async function setRefused({ database: { kysely } }: TestApp, name: string): Promise<void> {
  await sql`delete from refused_writes`.execute(kysely)
  await sql`insert into refused_writes values (${name})`.execute(kysely)
}
