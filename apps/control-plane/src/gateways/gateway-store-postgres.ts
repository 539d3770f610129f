import { type Kysely, type SelectQueryBuilder, type Transaction, sql } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import type { DeleteOutcome, Gateway, GatewayStore, SaveOutcome } from './gateway-store.ts'

export function createGatewayStorePostgres(database: Kysely<Schema>): GatewayStore {
  return {
    create: (gateway) => inTransaction(database, (transaction) => create(transaction, gateway)),
    list: (organizationId) =>
      selectGateways(database)
        .where('gateways.organization_id', '=', organizationId)
        .orderBy('gateways.created_at')
        .orderBy('gateways.id')
        .execute(),
    findGateway: (gatewayId, organizationId) => find(database, gatewayId, organizationId),
    findOrganizationOf: (gatewayId) =>
      database
        .selectFrom('gateways')
        .select('organization_id as organizationId')
        .where('id', '=', gatewayId)
        .executeTakeFirst(),
    rename: (gatewayId, organizationId, name) =>
      inTransaction(database, (transaction) => rename(transaction, gatewayId, organizationId, name)),
    delete: (gatewayId, organizationId) =>
      inTransaction(database, (transaction) => remove(transaction, gatewayId, organizationId)),
    revoke: (gatewayId, organizationId, at) =>
      inTransaction(database, (transaction) => revoke(transaction, gatewayId, organizationId, at)),
    recordConnected: (gatewayIds, at) => recordConnected(database, gatewayIds, at),
  }
}

function selectGateways(database: Kysely<Schema>): SelectQueryBuilder<Schema, 'gateways', Gateway> {
  return database.selectFrom('gateways').select([
    'gateways.id',
    'gateways.organization_id as organizationId',
    'gateways.name',
    'gateways.created_at as createdAt',
    'gateways.updated_at as updatedAt',
    'gateways.last_connected_at as lastConnectedAt',
    'gateways.revoked_at as revokedAt',
    sql<boolean>`exists (select from gateway_keys k where k.gateway_id = gateways.id and k.retired_at is null)`.as(
      'isEnrolled',
    ),
    sql<number>`(select count(*)::int from kubernetes_auths a where a.gateway_id = gateways.id)`.as(
      'attachedIdentityCount',
    ),
    sql<'token' | 'kubernetes'>`case
        when exists (select from gateway_kubernetes_auths a where a.gateway_id = gateways.id) then 'kubernetes'
        else 'token' end`.as('authMethod'),
  ])
}

function find(
  database: Kysely<Schema>,
  gatewayId: string,
  organizationId: string,
): Promise<Gateway | undefined> {
  return selectGateways(database)
    .where('gateways.id', '=', gatewayId)
    .where('gateways.organization_id', '=', organizationId)
    .executeTakeFirst()
}

/**
 * Names are waited for (a unique index makes a second writer wait for the first), and so are gateways that vouch for
 * others. Whoever takes either locks the organization first, so that nobody waits in a circle.
 */
async function lockOrganization(transaction: Transaction<Schema>, organizationId: string): Promise<void> {
  await transaction
    .selectFrom('organizations')
    .select('id')
    .where('id', '=', organizationId)
    .forNoKeyUpdate()
    .execute()
}

async function create(
  transaction: Transaction<Schema>,
  gateway: { organizationId: string; name: string },
): Promise<SaveOutcome> {
  await lockOrganization(transaction, gateway.organizationId)
  const row = await transaction
    .insertInto('gateways')
    .values({ organization_id: gateway.organizationId, name: gateway.name })
    .onConflict((conflict) => conflict.columns(['organization_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (row === undefined) return { kind: 'name-taken' }
  const saved = await selectGateways(transaction).where('gateways.id', '=', row.id).executeTakeFirstOrThrow()
  return { kind: 'saved', gateway: saved }
}

async function rename(
  transaction: Transaction<Schema>,
  gatewayId: string,
  organizationId: string,
  name: string,
): Promise<SaveOutcome | { kind: 'not-found' }> {
  await lockOrganization(transaction, organizationId)
  const owner = await transaction
    .selectFrom('gateways')
    .select('id')
    .where('organization_id', '=', organizationId)
    .where('name', '=', name)
    .executeTakeFirst()
  // Asked rather than tried: a unique index that refuses would end the whole transaction.
  if (owner !== undefined && owner.id !== gatewayId) return { kind: 'name-taken' }
  await transaction
    .updateTable('gateways')
    .set({ name, updated_at: sql<Date>`now()` })
    .where('id', '=', gatewayId)
    .where('organization_id', '=', organizationId)
    .execute()
  const gateway = await find(transaction, gatewayId, organizationId)
  return gateway === undefined ? { kind: 'not-found' } : { kind: 'saved', gateway }
}

/**
 * Whoever begins to name the gateway locks its row against deletion (foreign keys do): once it is locked here, what names
 * it is known, and nothing more comes.
 */
async function remove(
  transaction: Transaction<Schema>,
  gatewayId: string,
  organizationId: string,
): Promise<DeleteOutcome> {
  await transaction
    .selectFrom('gateways')
    .select('id')
    .where('id', '=', gatewayId)
    .where('organization_id', '=', organizationId)
    .forUpdate()
    .execute()
  const gateway = await find(transaction, gatewayId, organizationId)
  if (gateway === undefined) return { kind: 'not-found' }
  const identities = await transaction
    .selectFrom('kubernetes_auths')
    .innerJoin('identities', 'identities.id', 'kubernetes_auths.identity_id')
    .select(['identities.id', 'identities.name'])
    .where('kubernetes_auths.gateway_id', '=', gatewayId)
    .orderBy('identities.name')
    .execute()
  const gateways = await transaction
    .selectFrom('gateway_kubernetes_auths')
    .innerJoin('gateways', 'gateways.id', 'gateway_kubernetes_auths.gateway_id')
    .select(['gateways.id', 'gateways.name'])
    .where('gateway_kubernetes_auths.reviewer_gateway_id', '=', gatewayId)
    .orderBy('gateways.name')
    .execute()
  if (identities.length + gateways.length > 0) return { kind: 'in-use', identities, gateways }
  await transaction.deleteFrom('gateways').where('id', '=', gatewayId).execute()
  return { kind: 'deleted', gateway }
}

/** The gateway's row is locked first, here and in an enrolment: whichever comes second sees what the first did. */
async function revoke(
  transaction: Transaction<Schema>,
  gatewayId: string,
  organizationId: string,
  at: Date,
): Promise<Gateway | undefined> {
  const revoked = await transaction
    .updateTable('gateways')
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, ${at})`, updated_at: sql<Date>`now()` })
    .where('id', '=', gatewayId)
    .where('organization_id', '=', organizationId)
    .returning('id')
    .executeTakeFirst()
  if (revoked === undefined) return undefined
  await transaction
    .updateTable('gateway_keys')
    .set({ retired_at: at })
    .where('gateway_id', '=', gatewayId)
    .where((key) => key.or([key('retired_at', 'is', null), key('retired_at', '>', at)]))
    .execute()
  await transaction
    .updateTable('gateway_enrolment_tokens')
    .set({ superseded_at: at })
    .where('gateway_id', '=', gatewayId)
    .where('used_at', 'is', null)
    .where('superseded_at', 'is', null)
    .execute()
  return find(transaction, gatewayId, organizationId)
}

/** Rows are locked in the order of their ids, so that two replicas never wait for each other in a circle. */
async function recordConnected(
  database: Kysely<Schema>,
  gatewayIds: readonly string[],
  at: Date,
): Promise<void> {
  await database
    .updateTable('gateways')
    .set({ last_connected_at: at })
    .where('id', 'in', (select) =>
      select
        .selectFrom('gateways')
        .select('id')
        .where('id', '=', sql<string>`any(${[...gatewayIds]}::uuid[])`)
        .where((gateway) =>
          gateway.or([gateway('last_connected_at', 'is', null), gateway('last_connected_at', '<', at)]),
        )
        .orderBy('id')
        .forNoKeyUpdate(),
    )
    .execute()
}
