import { type Kysely, sql } from 'kysely'

/** Roles of an organization's own. Who has one names it by its slug, as with the roles that every organization has. */
const statements: readonly string[] = [
  `create table organization_roles (
     id uuid primary key default gen_random_uuid(),
     organization_id uuid not null references organizations (id) on delete cascade,
     slug text not null check (slug not in ('admin', 'member', 'no-access', 'custom')),
     name text not null,
     description text not null,
     permissions jsonb not null,
     previous_slug text,
     renamed_at timestamptz,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     unique (organization_id, slug)
   )`,
  `create index identities_by_role on identities (organization_id, role)`,
  `create index organization_members_by_role on organization_members (organization_id, role)`,
]

export async function up(database: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}
