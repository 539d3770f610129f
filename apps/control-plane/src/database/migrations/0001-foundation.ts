import { type Kysely, sql } from 'kysely'

/**
 * The first schema. Names are the domain's words; the HTTP contract's names live in the routes alone.
 * `*_encrypted` columns are AES-256-GCM under the organization's key (or the root key for rows of no organization).
 */
const statements: readonly string[] = [
  `create table root_key_checks (
     only_row boolean primary key default true check (only_row),
     encrypted_text bytea not null,
     created_at timestamptz not null default now()
   )`,
  `create table organizations (
     id uuid primary key default gen_random_uuid(),
     name text not null,
     slug text not null unique,
     wrapped_key bytea not null,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now()
   )`,
  `create table users (
     id uuid primary key default gen_random_uuid(),
     email text not null unique check (email = lower(email)),
     password_hash text not null,
     is_disabled boolean not null default false,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now()
   )`,
  `create table organization_members (
     id uuid primary key default gen_random_uuid(),
     organization_id uuid not null references organizations (id) on delete cascade,
     user_id uuid not null references users (id) on delete cascade,
     role text not null,
     created_at timestamptz not null default now(),
     unique (organization_id, user_id)
   )`,
  `create table identities (
     id uuid primary key default gen_random_uuid(),
     organization_id uuid not null references organizations (id) on delete cascade,
     name text not null,
     role text not null,
     has_delete_protection boolean not null default false,
     is_disabled boolean not null default false,
     last_login_auth_method text,
     last_login_at timestamptz,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now()
   )`,
  `create index identities_of_organization on identities (organization_id, created_at, id)`,
  `create table identity_metadata (
     id uuid primary key default gen_random_uuid(),
     identity_id uuid not null references identities (id) on delete cascade,
     key text not null,
     value text not null
   )`,
  `create index identity_metadata_of_identity on identity_metadata (identity_id)`,
  `create table gateways (
     id uuid primary key default gen_random_uuid(),
     organization_id uuid not null references organizations (id) on delete cascade,
     name text not null,
     last_connected_at timestamptz,
     revoked_at timestamptz,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     unique (organization_id, name)
   )`,
  `create table gateway_enrolment_tokens (
     id uuid primary key default gen_random_uuid(),
     gateway_id uuid not null references gateways (id) on delete cascade,
     token_hash bytea not null unique,
     expires_at timestamptz not null,
     used_at timestamptz,
     used_for_key_id text,
     superseded_at timestamptz,
     created_at timestamptz not null default now()
   )`,
  `create index gateway_enrolment_tokens_of_gateway on gateway_enrolment_tokens (gateway_id)`,
  `create table gateway_keys (
     id text primary key,
     gateway_id uuid not null references gateways (id) on delete cascade,
     public_key bytea not null,
     retired_at timestamptz,
     created_at timestamptz not null default now()
   )`,
  `create index gateway_keys_of_gateway on gateway_keys (gateway_id)`,
  `create table gateway_used_token_ids (
     token_id text primary key,
     expires_at timestamptz not null
   )`,
  `create index gateway_used_token_ids_by_expiry on gateway_used_token_ids (expires_at)`,
  `create table kubernetes_auths (
     id uuid primary key default gen_random_uuid(),
     identity_id uuid not null unique references identities (id) on delete cascade,
     organization_id uuid not null references organizations (id) on delete cascade,
     token_review_mode text not null check (token_review_mode in ('api', 'gateway')),
     kubernetes_host text,
     ca_cert_encrypted bytea,
     verify_tls_certificate boolean not null,
     token_reviewer_jwt_encrypted bytea,
     allowed_namespaces text not null,
     allowed_names text not null,
     allowed_audience text not null,
     gateway_id uuid references gateways (id) on delete restrict,
     access_token_ttl_seconds integer not null,
     access_token_max_ttl_seconds integer not null,
     access_token_num_uses_limit integer not null,
     access_token_trusted_ips jsonb not null,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now()
   )`,
  `create index kubernetes_auths_of_gateway on kubernetes_auths (gateway_id) where gateway_id is not null`,
  `create table signing_keys (
     id text primary key,
     public_jwk jsonb not null,
     private_key_encrypted bytea not null,
     retired_at timestamptz,
     created_at timestamptz not null default now()
   )`,
  `create table access_token_uses (
     token_id uuid primary key,
     uses integer not null,
     expires_at timestamptz not null
   )`,
  `create index access_token_uses_by_expiry on access_token_uses (expires_at)`,
  `create table revocations (
     id bigint generated always as identity primary key,
     scope text not null check (scope in ('token', 'identity', 'auth-method', 'organization')),
     organization_id uuid,
     identity_id uuid,
     auth_method text,
     token_id uuid,
     revoked_at timestamptz not null default clock_timestamp(),
     expires_at timestamptz not null,
     transaction_id xid8 not null default pg_current_xact_id()
   )`,
  `create index revocations_by_expiry on revocations (expires_at)`,
  `create index revocations_by_transaction on revocations (transaction_id)`,
  `create table audit_events (
     id bigint generated always as identity primary key,
     occurred_at timestamptz not null,
     organization_id uuid,
     request_id text not null,
     event text not null,
     outcome text not null check (outcome in ('success', 'denied', 'failed')),
     reason text,
     actor_kind text not null,
     actor_id text,
     identity_id uuid,
     ip_address text,
     details jsonb not null
   )`,
  `create index audit_events_of_organization on audit_events (organization_id, id desc)`,
  `create index audit_events_by_request on audit_events (request_id)`,
]

export async function up(database: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}
