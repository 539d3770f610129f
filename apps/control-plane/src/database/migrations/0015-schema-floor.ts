import { type Kysely, sql } from 'kysely'

/**
 * The oldest version that can work with the schema, by the name of its newest migration. A migration that takes something
 * away sets it to that of the version which no longer needs it; an older one then refuses to start.
 */
const statements: readonly string[] = [
  `create table schema_floor (
     only_row boolean primary key default true check (only_row),
     oldest_migration text not null
   )`,
  `insert into schema_floor (oldest_migration) values ('0011-link-makers')`,
]

export async function up(database: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}
