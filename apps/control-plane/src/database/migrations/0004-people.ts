import { type Kysely, sql } from 'kysely'

/**
 * People: their sessions, the links that invite them, and the links that set a password anew. Of every token only the
 * SHA-256 is here. What depends on a membership goes with it: sessions in the organization and links to a new password.
 */
const statements: readonly string[] = [
  `alter table users
     add column name text not null default '',
     add column last_login_at timestamptz`,
  `alter table organization_members
     add column is_disabled boolean not null default false,
     add column updated_at timestamptz not null default now()`,
  `create index organization_members_of_user on organization_members (user_id)`,
  `alter table organizations add column default_member_role text not null default 'member'`,
  `create table user_sessions (
     id uuid primary key default gen_random_uuid(),
     user_id uuid not null references users (id) on delete cascade,
     organization_id uuid,
     token_hash bytea not null unique,
     ip_address text not null,
     user_agent text not null,
     created_at timestamptz not null default now(),
     last_used_at timestamptz not null default now(),
     expires_at timestamptz not null,
     foreign key (organization_id, user_id) references organization_members (organization_id, user_id)
       on delete cascade
   )`,
  `create index user_sessions_of_user on user_sessions (user_id, organization_id)`,
  `create index user_sessions_by_use on user_sessions (last_used_at)`,
  `create index user_sessions_by_expiry on user_sessions (expires_at)`,
  `create table member_invitations (
     id uuid primary key default gen_random_uuid(),
     organization_id uuid not null references organizations (id) on delete cascade,
     email text not null check (email = lower(email)),
     role text not null,
     token_hash bytea not null unique,
     expires_at timestamptz not null,
     created_at timestamptz not null default now(),
     unique (organization_id, email)
   )`,
  `create index member_invitations_by_expiry on member_invitations (expires_at)`,
  `create table password_resets (
     id uuid primary key default gen_random_uuid(),
     organization_id uuid not null,
     user_id uuid not null,
     token_hash bytea not null unique,
     expires_at timestamptz not null,
     created_at timestamptz not null default now(),
     unique (organization_id, user_id),
     foreign key (organization_id, user_id) references organization_members (organization_id, user_id)
       on delete cascade
   )`,
  `create index password_resets_by_expiry on password_resets (expires_at)`,
]

export async function up(database: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}
