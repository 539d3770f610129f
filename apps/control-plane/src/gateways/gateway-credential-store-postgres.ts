import { type Kysely, sql, type Transaction } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type {
  Enrolment,
  EnrolmentRefusal,
  EnrolOutcome,
  GatewayCredential,
  GatewayCredentialStore,
  GatewayKey,
  GatewayNamed,
  NewEnrolmentToken,
} from './gateway-credential-store.ts'
import { sqlStateOf, sqlStates } from './sql-state.ts'

/** How many outlived token ids each new one sweeps away: more than one, so that the table cannot grow. */
const sweptTokenIdsMax = 10

/**
 * Whatever changes a gateway's credentials locks the gateway's row first, so that enrolling, revoking and making a token
 * for one gateway happen one after the other, and never wait for each other in a circle.
 */
export function createGatewayCredentialStorePostgres(database: Kysely<Schema>): GatewayCredentialStore {
  return {
    createEnrolmentToken: (token) =>
      database.transaction().execute((transaction) => createEnrolmentToken(transaction, token)),
    enrol: (enrolment) => enrolOrRepeat(database, enrolment),
    findKey: (keyId) => findKey(database, keyId),
    useTokenId: (use) => useTokenId(database, use),
    findRevokedAmong: (connected, at) => findRevokedAmong(database, connected, at),
  }
}

async function createEnrolmentToken(
  transaction: Transaction<Schema>,
  token: NewEnrolmentToken,
): Promise<'created' | 'not-found'> {
  const gateway = await transaction
    .selectFrom('gateways')
    .select('id')
    .where('id', '=', token.gatewayId)
    .where('organization_id', '=', token.organizationId)
    .forUpdate()
    .executeTakeFirst()
  if (gateway === undefined) return 'not-found'
  await transaction
    .updateTable('gateway_enrolment_tokens')
    .set({ superseded_at: token.createdAt })
    .where('gateway_id', '=', token.gatewayId)
    .where('used_at', 'is', null)
    .where('superseded_at', 'is', null)
    .execute()
  await transaction
    .insertInto('gateway_enrolment_tokens')
    .values({
      gateway_id: token.gatewayId,
      token_hash: token.tokenHash,
      expires_at: token.expiresAt,
      used_at: null,
      used_for_key_id: null,
      superseded_at: null,
      created_at: token.createdAt,
    })
    .execute()
  return 'created'
}

/** Two tokens may race for one key: the loser's transaction is undone, token and all, and then finds the key known. */
async function enrolOrRepeat(database: Kysely<Schema>, enrolment: Enrolment): Promise<EnrolOutcome> {
  const attempt = (): Promise<EnrolOutcome> =>
    database.transaction().execute((transaction) => enrol(transaction, enrolment))
  try {
    return await attempt()
  } catch (error) {
    if (sqlStateOf(error) !== sqlStates.uniqueViolation) throw error
    return attempt()
  }
}

async function enrol(transaction: Transaction<Schema>, enrolment: Enrolment): Promise<EnrolOutcome> {
  const gateway = await lockGatewayOfToken(transaction, enrolment.tokenHash)
  if (gateway === undefined) return { kind: 'refused', reason: 'token-unknown' }
  const known = await transaction
    .selectFrom('gateway_keys')
    .select('retired_at')
    .where('id', '=', enrolment.keyId)
    .executeTakeFirst()
  if (known === undefined && (await spend(transaction, enrolment))) {
    return addKey(transaction, gateway, enrolment)
  }
  const token = await transaction
    .selectFrom('gateway_enrolment_tokens')
    .select(['used_at', 'used_for_key_id', 'expires_at', 'superseded_at'])
    .where('token_hash', '=', enrolment.tokenHash)
    .executeTakeFirstOrThrow()
  const isLive = token.expires_at > enrolment.at
  if (isLive && token.used_for_key_id === enrolment.keyId && known?.retired_at === null) {
    return { kind: 'enrolled', gateway, isRepeated: true, retiredKeyIds: [] }
  }
  return { kind: 'refused', reason: refusalOf(token, isLive), gateway }
}

function refusalOf(
  token: { used_at: Date | null; superseded_at: Date | null },
  isLive: boolean,
): EnrolmentRefusal {
  if (token.used_at !== null) return 'token-used'
  if (token.superseded_at !== null) return 'token-superseded'
  return isLive ? 'public-key-known' : 'token-expired'
}

function lockGatewayOfToken(
  transaction: Transaction<Schema>,
  tokenHash: Buffer,
): Promise<GatewayNamed | undefined> {
  return transaction
    .selectFrom('gateways')
    .innerJoin('gateway_enrolment_tokens', 'gateway_enrolment_tokens.gateway_id', 'gateways.id')
    .select([
      'gateways.id as gatewayId',
      'gateways.name as gatewayName',
      'gateways.organization_id as organizationId',
    ])
    .where('gateway_enrolment_tokens.token_hash', '=', tokenHash)
    .forUpdate('gateways')
    .executeTakeFirst()
}

/** The one statement that decides a race. */
async function spend(transaction: Transaction<Schema>, enrolment: Enrolment): Promise<boolean> {
  const spent = await transaction
    .updateTable('gateway_enrolment_tokens')
    .set({ used_at: enrolment.at, used_for_key_id: enrolment.keyId })
    .where('token_hash', '=', enrolment.tokenHash)
    .where('used_at', 'is', null)
    .where('superseded_at', 'is', null)
    .where('expires_at', '>', enrolment.at)
    .executeTakeFirst()
  return spent.numUpdatedRows === 1n
}

async function addKey(
  transaction: Transaction<Schema>,
  gateway: GatewayNamed,
  enrolment: Enrolment,
): Promise<EnrolOutcome> {
  const retired = await transaction
    .updateTable('gateway_keys')
    .set({ retired_at: enrolment.at })
    .where('gateway_id', '=', gateway.gatewayId)
    .where((key) => key.or([key('retired_at', 'is', null), key('retired_at', '>', enrolment.at)]))
    .returning('id')
    .execute()
  await transaction
    .insertInto('gateway_keys')
    .values({
      id: enrolment.keyId,
      gateway_id: gateway.gatewayId,
      public_key: enrolment.publicKey,
      retired_at: null,
    })
    .execute()
  await transaction
    .updateTable('gateways')
    .set({ revoked_at: null })
    .where('id', '=', gateway.gatewayId)
    .execute()
  return { kind: 'enrolled', gateway, isRepeated: false, retiredKeyIds: retired.map((key) => key.id) }
}

function findKey(database: Kysely<Schema>, keyId: string): Promise<GatewayKey | undefined> {
  return database
    .selectFrom('gateway_keys')
    .innerJoin('gateways', 'gateways.id', 'gateway_keys.gateway_id')
    .select([
      'gateway_keys.id as keyId',
      'gateway_keys.public_key as publicKey',
      'gateway_keys.retired_at as retiredAt',
      'gateways.id as gatewayId',
      'gateways.name as gatewayName',
      'gateways.organization_id as organizationId',
      'gateways.revoked_at as gatewayRevokedAt',
    ])
    .where('gateway_keys.id', '=', keyId)
    .executeTakeFirst()
}

/** One statement: it claims the id, notes the connection and sweeps what is past its time. */
async function useTokenId(
  database: Kysely<Schema>,
  use: { keyId: string; tokenId: string; at: Date; expiresAt: Date },
): Promise<boolean> {
  const id = `${use.keyId}.${use.tokenId}`
  const claimed = await sql`
    with swept as (
      delete from gateway_used_token_ids where token_id in (
        select token_id from gateway_used_token_ids
        where expires_at < ${use.at} and token_id <> ${id}
        order by expires_at limit ${sweptTokenIdsMax} for update skip locked
      )
    ), claimed as (
      insert into gateway_used_token_ids (token_id, expires_at) values (${id}, ${use.expiresAt})
      on conflict (token_id) do nothing returning token_id
    ), noted as (
      update gateways set last_connected_at = ${use.at}
      where id = (select gateway_id from gateway_keys where id = ${use.keyId}) and exists (select from claimed)
    )
    select from claimed`.execute(database)
  return claimed.rows.length === 1
}

async function findRevokedAmong(
  database: Kysely<Schema>,
  connected: readonly GatewayCredential[],
  at: Date,
): Promise<GatewayCredential[]> {
  if (connected.length === 0) return []
  const keyIds = [...new Set(connected.map((credential) => credential.keyId))]
  const living = await database
    .selectFrom('gateway_keys')
    .innerJoin('gateways', 'gateways.id', 'gateway_keys.gateway_id')
    .select(['gateway_keys.id as keyId', 'gateways.id as gatewayId'])
    .where('gateway_keys.id', '=', sql<string>`any(${keyIds}::text[])`)
    .where('gateways.revoked_at', 'is', null)
    .where((key) =>
      key.or([key('gateway_keys.retired_at', 'is', null), key('gateway_keys.retired_at', '>', at)]),
    )
    .execute()
  const gatewayOfKey = new Map(living.map((credential) => [credential.keyId, credential.gatewayId]))
  return connected.filter((credential) => gatewayOfKey.get(credential.keyId) !== credential.gatewayId)
}
