import { type Kysely, sql } from 'kysely'

/** What every replica knows and nobody else: made by the first that needs it, encrypted under the root key. */
const statement = `create table instance_secrets (
  only_row boolean primary key default true check (only_row),
  encrypted_secret bytea not null,
  created_at timestamptz not null default now()
)`

export async function up(database: Kysely<never>): Promise<void> {
  await sql.raw(statement).execute(database)
}
