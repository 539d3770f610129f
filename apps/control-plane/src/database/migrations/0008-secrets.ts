import { type Kysely, sql } from 'kysely'

/**
 * Folders, secrets with their earlier versions, imports; and the earlier keys of an organization, for as long as
 * anything is still encrypted under them (`organizations.wrapped_key` is the newest, of number `key_version`).
 * `revision` counts the changes of the secrets of a folder: whoever has read them at a revision has them still.
 */
const statements: readonly string[] = [
  `create table secret_folders (
     id uuid primary key default gen_random_uuid(),
     project_id uuid not null references projects (id) on delete cascade,
     environment_id uuid not null references project_environments (id) on delete cascade,
     parent_id uuid references secret_folders (id) on delete cascade,
     name text not null,
     description text,
     revision bigint not null default 0,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     constraint secret_folders_root_has_no_name check ((parent_id is null) = (name = ''))
   )`,
  // Two indexes and not "nulls not distinct", which PostgreSQL has since 15 only.
  `create unique index secret_folders_root on secret_folders (environment_id) where parent_id is null`,
  `create unique index secret_folders_by_name on secret_folders (parent_id, name) where parent_id is not null`,
  `create index secret_folders_of_environment on secret_folders (environment_id)`,
  `create index secret_folders_of_project on secret_folders (project_id)`,
  `create table secrets (
     id uuid primary key default gen_random_uuid(),
     project_id uuid not null references projects (id) on delete cascade,
     folder_id uuid not null references secret_folders (id) on delete cascade,
     key text not null,
     version integer not null,
     value_encrypted bytea not null,
     comment_encrypted bytea,
     metadata jsonb not null default '[]',
     hidden_metadata_encrypted bytea,
     skip_multiline_encoding boolean,
     reminder_repeat_days integer,
     reminder_note text,
     changed_by_kind text not null,
     changed_by_id text,
     changed_by_name text,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     unique (folder_id, key)
   )`,
  `create index secrets_of_project on secrets (project_id)`,
  `create table secret_versions (
     secret_id uuid not null references secrets (id) on delete cascade,
     version integer not null,
     key text not null,
     value_encrypted bytea not null,
     comment_encrypted bytea,
     metadata jsonb not null,
     hidden_metadata_encrypted bytea,
     skip_multiline_encoding boolean,
     reminder_repeat_days integer,
     reminder_note text,
     changed_by_kind text not null,
     changed_by_id text,
     changed_by_name text,
     created_at timestamptz not null,
     primary key (secret_id, version)
   )`,
  `create table secret_imports (
     id uuid primary key default gen_random_uuid(),
     project_id uuid not null references projects (id) on delete cascade,
     folder_id uuid not null references secret_folders (id) on delete cascade,
     position integer not null,
     imported_environment_id uuid not null references project_environments (id) on delete cascade,
     imported_path text not null,
     is_replication boolean not null default false,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     unique (folder_id, imported_environment_id, imported_path),
     constraint secret_imports_position unique (folder_id, position) deferrable initially deferred
   )`,
  `create index secret_imports_of_environment on secret_imports (imported_environment_id)`,
  `create index secret_imports_of_project on secret_imports (project_id)`,
  `alter table organizations add column key_version integer not null default 1`,
  `create table organization_earlier_keys (
     organization_id uuid not null references organizations (id) on delete cascade,
     version integer not null,
     wrapped_key bytea not null,
     retired_at timestamptz not null default now(),
     primary key (organization_id, version)
   )`,
]

export async function up(database: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}
