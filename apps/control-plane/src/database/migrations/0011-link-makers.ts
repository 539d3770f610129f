import { type Kysely, sql } from 'kysely'

/**
 * Who made an invitation or a link to a new password: both are followed long after, and only while their maker might still
 * make them. Those of before say nothing of it and open nothing any more.
 */
const statements: readonly string[] = ['member_invitations', 'password_resets'].map(
  (table) => `alter table ${table}
     add column made_by_kind text,
     add column made_by_id uuid,
     add constraint ${table}_made_by_somebody check (num_nonnulls(made_by_kind, made_by_id) in (0, 2))`,
)

export async function up(database: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}
