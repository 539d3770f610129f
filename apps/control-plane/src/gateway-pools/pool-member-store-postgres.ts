import { type Kysely, sql } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import { type Cluster, compareMember, followCluster, isSameReport } from './compare-clusters.ts'
import type {
  AddMemberOutcome,
  MemberReport,
  PoolMembership,
  PoolMemberStore,
  RecordedReport,
} from './gateway-pool-store.ts'

type NewMember = Parameters<PoolMemberStore['addMember']>[0]

/** The pool's row is locked before its cluster is compared: of two that come first, the second meets the first's. */
export function createPoolMemberStorePostgres(database: Kysely<Schema>): PoolMemberStore {
  return {
    addMember: (member) => inTransaction(database, (transaction) => addMember(transaction, member)),
    removeMember: (gatewayPoolId, organizationId, gatewayId) =>
      removeMember(database, gatewayPoolId, organizationId, gatewayId),
    findReports: (gatewayIds) => findReports(database, gatewayIds),
    recordReport: (gatewayId, cluster) => recordReport(database, gatewayId, cluster),
  }
}

async function addMember(database: Kysely<Schema>, member: NewMember): Promise<AddMemberOutcome> {
  const { gatewayPoolId, organizationId, gatewayId, cluster } = member
  const pool = await database
    .selectFrom('gateway_pools')
    .select(['name', 'cluster'])
    .where('id', '=', gatewayPoolId)
    .where('organization_id', '=', organizationId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (pool === undefined) return { kind: 'pool-not-found' }
  const gateway = await database
    .selectFrom('gateways')
    .select('name')
    .where('id', '=', gatewayId)
    .where('organization_id', '=', organizationId)
    .forKeyShare()
    .executeTakeFirst()
  if (gateway === undefined) return { kind: 'gateway-not-found' }
  const members = await database
    .selectFrom('gateway_pool_members')
    .select('gateway_id')
    .where('gateway_pool_id', '=', gatewayPoolId)
    .execute()
  if (members.some((known) => known.gateway_id === gatewayId)) return { kind: 'already-a-member' }
  // An emptied pool has no cluster: emptying it is how an operator moves it to another one.
  const poolCluster = members.length === 0 ? null : pool.cluster
  const names = { poolName: pool.name, gatewayName: gateway.name }
  const verdict = cluster && judgeReport(poolCluster, cluster, false)
  if (poolCluster !== null && verdict === 'other') return { kind: 'other-cluster', poolCluster, ...names }
  await saveCluster(database, gatewayPoolId, pool.cluster, clusterAfter(poolCluster, cluster, verdict))
  const membership = await insertMember(database, member, isAdmitting(verdict))
  return { kind: 'added', membership, ...names }
}

type Verdict = RecordedReport['verdict']

function judgeReport(poolCluster: Cluster | null, reported: Cluster, wasOfCluster: boolean): Verdict {
  return poolCluster === null ? 'learned' : compareMember(poolCluster, reported, wasOfCluster)
}

function isAdmitting(verdict: Verdict | undefined): boolean {
  return verdict === 'learned' || verdict === 'same' || verdict === 'rotated'
}

function clusterAfter(
  poolCluster: Cluster | null,
  reported: Cluster | undefined,
  verdict: Verdict | undefined,
): Cluster | null {
  if (reported === undefined || !isAdmitting(verdict)) return poolCluster
  return poolCluster === null ? reported : followCluster(poolCluster, reported)
}

async function saveCluster(
  database: Kysely<Schema>,
  gatewayPoolId: string,
  before: Cluster | null,
  after: Cluster | null,
): Promise<void> {
  if (isSameReport(before, after)) return
  await database
    .updateTable('gateway_pools')
    .set({ cluster: after && JSON.stringify(after) })
    .where('id', '=', gatewayPoolId)
    .execute()
}

function insertMember(
  database: Kysely<Schema>,
  member: NewMember,
  isOfCluster: boolean,
): Promise<PoolMembership> {
  const { gatewayPoolId, gatewayId, cluster } = member
  return database
    .insertInto('gateway_pool_members')
    .values({
      gateway_pool_id: gatewayPoolId,
      gateway_id: gatewayId,
      cluster: cluster === undefined ? null : JSON.stringify(cluster),
      is_of_cluster: isOfCluster,
      // When it got its turn, not when its transaction began.
      created_at: sql<Date>`clock_timestamp()`,
    })
    .returning([
      'id',
      'gateway_pool_id as gatewayPoolId',
      'gateway_id as gatewayId',
      'created_at as createdAt',
    ])
    .executeTakeFirstOrThrow()
}

async function removeMember(
  database: Kysely<Schema>,
  gatewayPoolId: string,
  organizationId: string,
  gatewayId: string,
): Promise<PoolMembership | 'pool-not-found' | 'not-a-member'> {
  const pool = await database
    .selectFrom('gateway_pools')
    .select('id')
    .where('id', '=', gatewayPoolId)
    .where('organization_id', '=', organizationId)
    .executeTakeFirst()
  if (pool === undefined) return 'pool-not-found'
  const removed = await database
    .deleteFrom('gateway_pool_members')
    .where('gateway_pool_id', '=', gatewayPoolId)
    .where('gateway_id', '=', gatewayId)
    .returning([
      'id',
      'gateway_pool_id as gatewayPoolId',
      'gateway_id as gatewayId',
      'created_at as createdAt',
    ])
    .executeTakeFirst()
  return removed ?? 'not-a-member'
}

function findReports(database: Kysely<Schema>, gatewayIds: readonly string[]): Promise<MemberReport[]> {
  return database
    .selectFrom('gateway_pool_members')
    .select(['gateway_pool_id as gatewayPoolId', 'gateway_id as gatewayId', 'cluster'])
    .where('gateway_id', '=', sql<string>`any(${[...gatewayIds]}::uuid[])`)
    .execute()
}

/** Pools are locked in the order of their ids, so that two replicas never wait for each other in a circle. */
function recordReport(
  database: Kysely<Schema>,
  gatewayId: string,
  cluster: Cluster,
): Promise<RecordedReport[]> {
  return inTransaction(database, async (transaction) => {
    const pools = await transaction
      .selectFrom('gateway_pools')
      .innerJoin('gateway_pool_members', 'gateway_pool_members.gateway_pool_id', 'gateway_pools.id')
      .innerJoin('gateways', 'gateways.id', 'gateway_pool_members.gateway_id')
      .select([
        'gateway_pools.id as gatewayPoolId',
        'gateway_pools.name as gatewayPoolName',
        'gateway_pools.organization_id as organizationId',
        'gateway_pools.cluster as poolCluster',
        'gateway_pool_members.is_of_cluster as wasOfCluster',
        'gateways.name as gatewayName',
      ])
      .where('gateway_pool_members.gateway_id', '=', gatewayId)
      .orderBy('gateway_pools.id')
      .forNoKeyUpdate('gateway_pools')
      .execute()
    const recorded: RecordedReport[] = []
    for (const { wasOfCluster, ...pool } of pools) {
      const verdict = judgeReport(pool.poolCluster, cluster, wasOfCluster)
      const after = clusterAfter(pool.poolCluster, cluster, verdict)
      await saveCluster(transaction, pool.gatewayPoolId, pool.poolCluster, after)
      await saveReport(transaction, pool.gatewayPoolId, gatewayId, cluster, isAdmitting(verdict))
      recorded.push({ ...pool, verdict, wasOfCluster })
    }
    return recorded
  })
}

async function saveReport(
  database: Kysely<Schema>,
  gatewayPoolId: string,
  gatewayId: string,
  cluster: Cluster,
  isOfCluster: boolean,
): Promise<void> {
  await database
    .updateTable('gateway_pool_members')
    .set({ cluster: JSON.stringify(cluster), is_of_cluster: isOfCluster })
    .where('gateway_pool_id', '=', gatewayPoolId)
    .where('gateway_id', '=', gatewayId)
    .execute()
}
