import { type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { DeleteOutcome, Gateway, GatewayStore, SaveOutcome } from './gateway-store.ts'
import { sqlStateOf, sqlStates } from './sql-state.ts'

export function createGatewayStorePostgres(database: Kysely<Schema>): GatewayStore {
  return {
    create: (gateway) => create(database, gateway),
    list: (organizationId) =>
      selectGateways(database)
        .where('gateways.organization_id', '=', organizationId)
        .orderBy('gateways.created_at')
        .orderBy('gateways.id')
        .execute(),
    findGateway: (gatewayId, organizationId) => find(database, gatewayId, organizationId),
    rename: (gatewayId, organizationId, name) => rename(database, gatewayId, organizationId, name),
    delete: (gatewayId, organizationId) => remove(database, gatewayId, organizationId),
    revoke: (gatewayId, organizationId, at) => revoke(database, gatewayId, organizationId, at),
    recordConnected: (gatewayIds, at) => recordConnected(database, gatewayIds, at),
  }
}

function selectGateways(database: Kysely<Schema>): SelectQueryBuilder<Schema, 'gateways', Gateway> {
  return database
    .selectFrom('gateways')
    .select([
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

async function create(
  database: Kysely<Schema>,
  gateway: { organizationId: string; name: string },
): Promise<SaveOutcome> {
  const row = await database
    .insertInto('gateways')
    .values({ organization_id: gateway.organizationId, name: gateway.name })
    .onConflict((conflict) => conflict.columns(['organization_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (row === undefined) return { kind: 'name-taken' }
  const saved = await selectGateways(database).where('gateways.id', '=', row.id).executeTakeFirstOrThrow()
  return { kind: 'saved', gateway: saved }
}

async function rename(
  database: Kysely<Schema>,
  gatewayId: string,
  organizationId: string,
  name: string,
): Promise<SaveOutcome | { kind: 'not-found' }> {
  try {
    await database
      .updateTable('gateways')
      .set({ name, updated_at: sql<Date>`now()` })
      .where('id', '=', gatewayId)
      .where('organization_id', '=', organizationId)
      .execute()
  } catch (error) {
    if (sqlStateOf(error) === sqlStates.uniqueViolation) return { kind: 'name-taken' }
    throw error
  }
  const gateway = await find(database, gatewayId, organizationId)
  return gateway === undefined ? { kind: 'not-found' } : { kind: 'saved', gateway }
}

/** The foreign key of kubernetes_auths decides, so an Auth that is attached at the same moment is never orphaned. */
async function remove(
  database: Kysely<Schema>,
  gatewayId: string,
  organizationId: string,
): Promise<DeleteOutcome> {
  const gateway = await find(database, gatewayId, organizationId)
  if (gateway === undefined) return { kind: 'not-found' }
  try {
    const removed = await database.deleteFrom('gateways').where('id', '=', gatewayId).executeTakeFirst()
    return removed.numDeletedRows === 0n ? { kind: 'not-found' } : { kind: 'deleted', gateway }
  } catch (error) {
    if (!isStillNamed(error)) throw error
  }
  const identities = await database
    .selectFrom('kubernetes_auths')
    .innerJoin('identities', 'identities.id', 'kubernetes_auths.identity_id')
    .select(['identities.id', 'identities.name'])
    .where('kubernetes_auths.gateway_id', '=', gatewayId)
    .orderBy('identities.name')
    .execute()
  return { kind: 'in-use', identities }
}

/** The gateway's row is locked first, here and in an enrolment: whichever comes second sees what the first did. */
function revoke(
  database: Kysely<Schema>,
  gatewayId: string,
  organizationId: string,
  at: Date,
): Promise<Gateway | undefined> {
  return database.transaction().execute(async (transaction) => {
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
  })
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

function isStillNamed(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === sqlStates.foreignKeyViolation || state === sqlStates.restrictViolation
}
