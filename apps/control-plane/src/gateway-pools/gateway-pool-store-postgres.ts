import { type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import { isUniqueViolation } from '../database/sql-state.ts'
import type {
  AttachedAuth,
  DeletePoolOutcome,
  GatewayPool,
  GatewayPoolStore,
  PoolMember,
  SavePoolOutcome,
} from './gateway-pool-store.ts'

type PoolRow = Omit<GatewayPool, 'members'>

export function createGatewayPoolStorePostgres(database: Kysely<Schema>): GatewayPoolStore {
  return {
    create: (pool) => create(database, pool),
    list: async (organizationId) => {
      const rows = await selectPools(database)
        .where('gateway_pools.organization_id', '=', organizationId)
        .orderBy('gateway_pools.created_at')
        .orderBy('gateway_pools.id')
        .execute()
      return withMembers(database, rows)
    },
    find: (gatewayPoolId, organizationId) => find(database, gatewayPoolId, organizationId),
    rename: (gatewayPoolId, organizationId, name) => rename(database, gatewayPoolId, organizationId, name),
    delete: (gatewayPoolId, organizationId) => remove(database, gatewayPoolId, organizationId),
    listAttached: (gatewayPoolId) => listAttached(database, gatewayPoolId),
  }
}

function selectPools(database: Kysely<Schema>): SelectQueryBuilder<Schema, 'gateway_pools', PoolRow> {
  return database
    .selectFrom('gateway_pools')
    .select([
      'gateway_pools.id',
      'gateway_pools.organization_id as organizationId',
      'gateway_pools.name',
      'gateway_pools.cluster',
      'gateway_pools.created_at as createdAt',
      'gateway_pools.updated_at as updatedAt',
      sql<number>`(select count(*)::int from kubernetes_auths a where a.gateway_pool_id = gateway_pools.id)`.as(
        'attachedIdentityCount',
      ),
    ])
}

async function withMembers(database: Kysely<Schema>, pools: readonly PoolRow[]): Promise<GatewayPool[]> {
  if (pools.length === 0) return []
  const rows = await database
    .selectFrom('gateway_pool_members')
    .innerJoin('gateways', 'gateways.id', 'gateway_pool_members.gateway_id')
    .select([
      'gateway_pool_members.gateway_pool_id as gatewayPoolId',
      'gateway_pool_members.gateway_id as gatewayId',
      'gateway_pool_members.cluster',
      'gateway_pool_members.is_of_cluster as isOfCluster',
      'gateways.name as gatewayName',
      'gateways.last_connected_at as lastConnectedAt',
      'gateways.revoked_at as revokedAt',
    ])
    .where(
      'gateway_pool_members.gateway_pool_id',
      '=',
      sql<string>`any(${pools.map(({ id }) => id)}::uuid[])`,
    )
    .orderBy('gateway_pool_members.created_at')
    .orderBy('gateway_pool_members.id')
    .execute()
  const membersOf = Map.groupBy(rows, ({ gatewayPoolId }) => gatewayPoolId)
  return pools.map((pool) => {
    const members: PoolMember[] = (membersOf.get(pool.id) ?? []).map(
      ({ gatewayPoolId: _pool, ...member }) => member,
    )
    return { ...pool, members, cluster: members.length === 0 ? null : pool.cluster }
  })
}

async function find(
  database: Kysely<Schema>,
  gatewayPoolId: string,
  organizationId: string,
): Promise<GatewayPool | undefined> {
  const rows = await selectPools(database)
    .where('gateway_pools.id', '=', gatewayPoolId)
    .where('gateway_pools.organization_id', '=', organizationId)
    .execute()
  const [pool] = await withMembers(database, rows)
  return pool
}

async function create(
  database: Kysely<Schema>,
  { organizationId, name }: { organizationId: string; name: string },
): Promise<SavePoolOutcome> {
  const row = await database
    .insertInto('gateway_pools')
    .values({ organization_id: organizationId, name })
    .onConflict((conflict) => conflict.columns(['organization_id', 'name']).doNothing())
    .returning(['id', 'created_at as createdAt', 'updated_at as updatedAt'])
    .executeTakeFirst()
  if (row === undefined) return { kind: 'name-taken' }
  const pool = { ...row, organizationId, name, cluster: null, members: [], attachedIdentityCount: 0 }
  return { kind: 'saved', pool }
}

async function rename(
  database: Kysely<Schema>,
  gatewayPoolId: string,
  organizationId: string,
  name: string,
): Promise<SavePoolOutcome | { kind: 'pool-not-found' }> {
  try {
    await database
      .updateTable('gateway_pools')
      .set({ name, updated_at: sql<Date>`now()` })
      .where('id', '=', gatewayPoolId)
      .where('organization_id', '=', organizationId)
      .execute()
  } catch (error) {
    if (isUniqueViolation(error)) return { kind: 'name-taken' }
    throw error
  }
  const pool = await find(database, gatewayPoolId, organizationId)
  return pool === undefined ? { kind: 'pool-not-found' } : { kind: 'saved', pool }
}

/**
 * The lock waits for whoever is just attaching the pool, and makes later ones wait: they find it gone. The foreign key
 * would refuse the same, but leave a transaction in which nothing more can be asked.
 */
function remove(
  database: Kysely<Schema>,
  gatewayPoolId: string,
  organizationId: string,
): Promise<DeletePoolOutcome> {
  return inTransaction(database, async (transaction) => {
    await transaction
      .selectFrom('gateway_pools')
      .select('id')
      .where('id', '=', gatewayPoolId)
      .where('organization_id', '=', organizationId)
      .forUpdate()
      .execute()
    const pool = await find(transaction, gatewayPoolId, organizationId)
    if (pool === undefined) return { kind: 'pool-not-found' }
    const attached = await listAttached(transaction, gatewayPoolId)
    if (attached.length > 0) return { kind: 'in-use', pool, attached }
    await transaction.deleteFrom('gateway_pools').where('id', '=', gatewayPoolId).execute()
    return { kind: 'deleted', pool }
  })
}

function listAttached(database: Kysely<Schema>, gatewayPoolId: string): Promise<AttachedAuth[]> {
  return database
    .selectFrom('kubernetes_auths')
    .innerJoin('identities', 'identities.id', 'kubernetes_auths.identity_id')
    .select(['kubernetes_auths.id', 'identities.id as identityId', 'identities.name as identityName'])
    .where('kubernetes_auths.gateway_pool_id', '=', gatewayPoolId)
    .orderBy('identities.name')
    .orderBy('identities.id')
    .execute()
}
