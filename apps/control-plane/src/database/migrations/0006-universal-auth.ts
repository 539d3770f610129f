import { type Kysely, sql } from 'kysely'

/**
 * Client ids and client secrets. A secret without `expires_at` never expires: nothing but a revocation ends it.
 * Lockouts are of one source, so that whoever guesses locks out nobody else.
 */
const statements: readonly string[] = [
  `create table universal_auths (
     id uuid primary key default gen_random_uuid(),
     identity_id uuid not null unique references identities (id) on delete cascade,
     organization_id uuid not null references organizations (id) on delete cascade,
     client_id uuid not null unique default gen_random_uuid(),
     client_secret_trusted_ips jsonb not null,
     access_token_ttl_seconds integer not null,
     access_token_max_ttl_seconds integer not null,
     access_token_period_seconds integer not null,
     access_token_num_uses_limit integer not null,
     access_token_trusted_ips jsonb not null,
     is_lockout_enabled boolean not null,
     lockout_threshold integer not null,
     lockout_duration_seconds integer not null,
     lockout_counter_reset_seconds integer not null,
     came_with_identity boolean not null,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now()
   )`,
  `create table client_secrets (
     id uuid primary key default gen_random_uuid(),
     universal_auth_id uuid not null references universal_auths (id) on delete cascade,
     secret_hash bytea not null check (length(secret_hash) = 32),
     prefix text not null,
     description text not null,
     num_uses bigint not null default 0,
     num_uses_limit integer not null,
     ttl_seconds integer not null,
     expires_at timestamptz,
     revoked_at timestamptz,
     last_used_at timestamptz,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     check ((ttl_seconds = 0) = (expires_at is null))
   )`,
  `create index client_secrets_of_universal_auth on client_secrets (universal_auth_id, prefix)`,
  `create index client_secrets_by_expiry on client_secrets (expires_at) where expires_at is not null`,
  `create index client_secrets_by_revocation on client_secrets (revoked_at) where revoked_at is not null`,
  `create table universal_auth_lockouts (
     universal_auth_id uuid not null references universal_auths (id) on delete cascade,
     source text not null,
     failures integer not null,
     locked_until timestamptz,
     expires_at timestamptz not null,
     primary key (universal_auth_id, source)
   )`,
  `create index universal_auth_lockouts_by_expiry on universal_auth_lockouts (expires_at)`,
  `alter table revocations add column client_secret_id uuid`,
  `alter table revocations drop constraint revocations_scope_check`,
  `alter table revocations add constraint revocations_scope_check
     check (scope in ('token', 'identity', 'auth-method', 'client-secret', 'organization'))`,
]

export async function up(database: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}
