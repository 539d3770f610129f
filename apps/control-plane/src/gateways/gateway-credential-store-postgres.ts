import { type Kysely, sql, type Transaction } from 'kysely'
import { inTransaction } from '../database/commit.ts'
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
  RevokedCredential,
} from './gateway-credential-store.ts'

/** How many outlived token ids each new one sweeps away: more than one, so that the table cannot grow. */
const sweptTokenIdsMax = 10

/**
 * Whatever changes a gateway's credentials locks the gateway's row first, so that enrolling, revoking and making a token
 * for one gateway happen one after the other, and never wait for each other in a circle.
 */
export function createGatewayCredentialStorePostgres(database: Kysely<Schema>): GatewayCredentialStore {
  return {
    createEnrolmentToken: (token) =>
      inTransaction(database, (transaction) => createEnrolmentToken(transaction, token)),
    enrol: (enrolment) => inTransaction(database, (transaction) => enrol(transaction, enrolment)),
    findKey: (keyId) => findKey(database, keyId),
    useTokenId: (use) => useTokenId(database, use),
    findRevokedAmong: (connected, at) => findRevokedAmong(database, connected, at),
  }
}

async function createEnrolmentToken(
  transaction: Transaction<Schema>,
  token: NewEnrolmentToken,
): Promise<'created' | 'not-found' | 'other-method'> {
  const gateway = await transaction
    .selectFrom('gateways')
    .select('id')
    .where('id', '=', token.gatewayId)
    .where('organization_id', '=', token.organizationId)
    .forUpdate()
    .executeTakeFirst()
  if (gateway === undefined) return 'not-found'
  const auth = await transaction
    .selectFrom('gateway_kubernetes_auths')
    .select('gateway_id')
    .where('gateway_id', '=', token.gatewayId)
    .executeTakeFirst()
  if (auth !== undefined) return 'other-method'
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

/** The gateway's row is locked, so nobody else spends, supersedes or makes a token of it meanwhile. */
async function enrol(transaction: Transaction<Schema>, enrolment: Enrolment): Promise<EnrolOutcome> {
  const gateway = await lockGatewayOfToken(transaction, enrolment.tokenHash)
  if (gateway === undefined) return { kind: 'refused', reason: 'token-unknown' }
  const token = await transaction
    .selectFrom('gateway_enrolment_tokens')
    .select(['used_at', 'used_for_key_id', 'expires_at', 'superseded_at'])
    .where('token_hash', '=', enrolment.tokenHash)
    .executeTakeFirstOrThrow()
  const isLive = token.expires_at > enrolment.at
  if (
    isLive &&
    token.used_for_key_id === enrolment.keyId &&
    (await isKeyLive(transaction, enrolment.keyId))
  ) {
    return { kind: 'enrolled', gateway, isRepeated: true, retiredKeyIds: [] }
  }
  const reason = refusalOf(token, isLive)
  if (reason !== undefined) return { kind: 'refused', reason, gateway }
  // Before the token is spent: two tokens may race for one key, and the loser keeps his.
  if (!(await insertKey(transaction, gateway.gatewayId, enrolment))) {
    return { kind: 'refused', reason: 'public-key-known', gateway }
  }
  return spend(transaction, gateway, enrolment)
}

function refusalOf(
  token: { used_at: Date | null; superseded_at: Date | null },
  isLive: boolean,
): EnrolmentRefusal | undefined {
  if (token.used_at !== null) return 'token-used'
  if (token.superseded_at !== null) return 'token-superseded'
  return isLive ? undefined : 'token-expired'
}

async function isKeyLive(transaction: Transaction<Schema>, keyId: string): Promise<boolean> {
  const key = await transaction
    .selectFrom('gateway_keys')
    .select('retired_at')
    .where('id', '=', keyId)
    .executeTakeFirst()
  return key?.retired_at === null
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

/** False for a key that is registered already, here or elsewhere; waits for whoever is just registering it. */
async function insertKey(
  transaction: Transaction<Schema>,
  gatewayId: string,
  { keyId, publicKey, at }: Enrolment,
): Promise<boolean> {
  const inserted = await transaction
    .insertInto('gateway_keys')
    .values({ id: keyId, gateway_id: gatewayId, public_key: publicKey, retired_at: null, created_at: at })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

async function spend(
  transaction: Transaction<Schema>,
  gateway: GatewayNamed,
  { tokenHash, keyId, at }: Enrolment,
): Promise<EnrolOutcome> {
  await transaction
    .updateTable('gateway_enrolment_tokens')
    .set({ used_at: at, used_for_key_id: keyId })
    .where('token_hash', '=', tokenHash)
    .execute()
  const retired = await transaction
    .updateTable('gateway_keys')
    .set({ retired_at: at })
    .where('gateway_id', '=', gateway.gatewayId)
    .where('id', '<>', keyId)
    .where((key) => key.or([key('retired_at', 'is', null), key('retired_at', '>', at)]))
    .returning('id')
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
      sql<'token' | 'kubernetes'>`case
        when exists (select from gateway_kubernetes_auths a where a.gateway_id = gateways.id) then 'kubernetes'
        else 'token' end`.as('authMethod'),
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
): Promise<RevokedCredential[]> {
  if (connected.length === 0) return []
  const keyIds = [...new Set(connected.map((credential) => credential.keyId))]
  const unrevoked = await database
    .selectFrom('gateway_keys')
    .innerJoin('gateways', 'gateways.id', 'gateway_keys.gateway_id')
    .select(['gateway_keys.id as keyId', 'gateways.id as gatewayId', 'gateway_keys.retired_at as retiredAt'])
    .where('gateway_keys.id', '=', sql<string>`any(${keyIds}::text[])`)
    .where('gateways.revoked_at', 'is', null)
    .execute()
  const byKeyId = new Map(unrevoked.map((key) => [key.keyId, key]))
  return connected.flatMap(({ gatewayId, keyId }): RevokedCredential[] => {
    const key = byKeyId.get(keyId)
    if (key?.gatewayId !== gatewayId) return [{ gatewayId, keyId, isReplaced: false }]
    const isLive = key.retiredAt === null || key.retiredAt > at
    return isLive ? [] : [{ gatewayId, keyId, isReplaced: true }]
  })
}
