import { type Kysely, sql } from 'kysely'

/**
 * Pools of gateways. What a Kubernetes Auth names cannot be deleted under it; a membership goes with its gateway or its
 * pool. `cluster` is how a cluster is told from another (gateway-pools/compare-clusters.ts): the pool's own, and what
 * each member last said of its.
 */
const statements: readonly string[] = [
  `create table gateway_pools (
     id uuid primary key default gen_random_uuid(),
     organization_id uuid not null references organizations (id) on delete cascade,
     name text not null,
     cluster jsonb,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     unique (organization_id, name)
   )`,
  `create table gateway_pool_members (
     id uuid primary key default gen_random_uuid(),
     gateway_pool_id uuid not null references gateway_pools (id) on delete cascade,
     gateway_id uuid not null references gateways (id) on delete cascade,
     cluster jsonb,
     is_of_cluster boolean not null default false,
     created_at timestamptz not null default now(),
     unique (gateway_pool_id, gateway_id)
   )`,
  `create index gateway_pool_members_of_gateway on gateway_pool_members (gateway_id)`,
  `alter table kubernetes_auths
     add column gateway_pool_id uuid references gateway_pools (id) on delete restrict,
     add constraint kubernetes_auths_one_way_to_the_cluster check (gateway_id is null or gateway_pool_id is null)`,
  `create index kubernetes_auths_of_gateway_pool on kubernetes_auths (gateway_pool_id)
     where gateway_pool_id is not null`,
]

export async function up(database: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}
