import { type Kysely, sql } from 'kysely'

/**
 * Keys that are rotated, and gateways that enrol with their own pod's token.
 * `reviewer_gateway_id` is checked at the end of a statement (no `restrict`), so that an organization goes as a whole.
 */
const statements: readonly string[] = [
  `alter table gateway_keys add column replaced_by_key_id text`,
  `create table gateway_kubernetes_auths (
     gateway_id uuid primary key references gateways (id) on delete cascade,
     organization_id uuid not null references organizations (id) on delete cascade,
     token_review_mode text not null check (token_review_mode in ('api', 'gateway')),
     kubernetes_host text,
     ca_cert_encrypted bytea,
     verify_tls_certificate boolean not null,
     token_reviewer_jwt_encrypted bytea,
     reviewer_gateway_id uuid references gateways (id),
     allowed_namespaces text not null,
     allowed_names text not null,
     allowed_audience text not null check (allowed_audience <> ''),
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     check (reviewer_gateway_id <> gateway_id),
     check ((token_review_mode = 'gateway') = (reviewer_gateway_id is not null))
   )`,
  `create index gateway_kubernetes_auths_of_reviewer on gateway_kubernetes_auths (reviewer_gateway_id)
     where reviewer_gateway_id is not null`,
]

export async function up(database: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}
