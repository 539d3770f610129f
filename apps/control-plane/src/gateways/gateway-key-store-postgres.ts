import type { Kysely, Transaction } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import type { GatewayNamed } from './gateway-credential-store.ts'
import type {
  BindOutcome,
  GatewayKeyStore,
  KeyBinding,
  KeyRotation,
  RotateOutcome,
} from './gateway-key-store.ts'

type LockedGateway = GatewayNamed & { revokedAt: Date | null }
type NewKey = { gatewayId: string; keyId: string; publicKey: Buffer; at: Date }

/** For so long a retired key is known as such; then it is as unknown as if it had never been. */
const retiredKeysKeptMs = 30 * 24 * 3_600_000

/** As for enrolment tokens, whatever changes the keys of a gateway locks the gateway's row first. */
export function createGatewayKeyStorePostgres(database: Kysely<Schema>): GatewayKeyStore {
  return {
    rotate: (rotation) => inTransaction(database, (transaction) => rotate(transaction, rotation)),
    bind: (binding) => inTransaction(database, (transaction) => bind(transaction, binding)),
  }
}

async function rotate(transaction: Transaction<Schema>, rotation: KeyRotation): Promise<RotateOutcome> {
  const { gatewayId, keyId, newKeyId, at } = rotation
  const gateway = await lockGateway(transaction, gatewayId)
  if (gateway?.organizationId !== rotation.organizationId) {
    return { kind: 'refused', reason: 'gateway-key-unknown' }
  }
  if (gateway.revokedAt !== null) return { kind: 'refused', reason: 'gateway-revoked', gateway }
  const old = await findKey(transaction, gatewayId, keyId)
  if (old === undefined) return { kind: 'refused', reason: 'gateway-key-unknown', gateway }
  if (old.replaced_by_key_id === newKeyId) {
    const replacement = await findKey(transaction, gatewayId, newKeyId)
    return replacement !== undefined && isLive(replacement, at)
      ? { kind: 'rotated', gateway, isRepeated: true }
      : { kind: 'refused', reason: 'gateway-key-retired', gateway }
  }
  if (old.retired_at !== null) return { kind: 'refused', reason: 'gateway-key-retired', gateway }
  if (at.getTime() - old.created_at.getTime() < rotation.ageMsMin) {
    return { kind: 'refused', reason: 'rotation-too-early', gateway }
  }
  const key = { gatewayId, keyId: newKeyId, publicKey: rotation.newPublicKey, at }
  if (!(await insertKey(transaction, key))) return { kind: 'refused', reason: 'public-key-known', gateway }
  await transaction
    .updateTable('gateway_keys')
    .set({ retired_at: rotation.oldRetiresAt, replaced_by_key_id: newKeyId })
    .where('id', '=', keyId)
    .execute()
  await forgetLongRetired(transaction, gatewayId, at)
  return { kind: 'rotated', gateway, isRepeated: false }
}

async function bind(transaction: Transaction<Schema>, binding: KeyBinding): Promise<BindOutcome> {
  const { gatewayId, keyId, at } = binding
  const gateway = await lockGateway(transaction, gatewayId)
  if (gateway === undefined) return { kind: 'refused', reason: 'configuration-changed' }
  const auth = await transaction
    .selectFrom('gateway_kubernetes_auths')
    .select('updated_at')
    .where('gateway_id', '=', gatewayId)
    .executeTakeFirst()
  if (auth?.updated_at.getTime() !== binding.admittedBy.getTime()) {
    return { kind: 'refused', reason: 'configuration-changed', gateway }
  }
  if (gateway.revokedAt !== null) return { kind: 'refused', reason: 'gateway-revoked', gateway }
  if (!(await insertKey(transaction, binding))) {
    const known = await findKey(transaction, gatewayId, keyId)
    return known?.retired_at === null
      ? { kind: 'bound', gateway, isRepeated: true, retiredKeyIds: [] }
      : { kind: 'refused', reason: 'public-key-known', gateway }
  }
  const retiredKeyIds = await retireAllButNewest(transaction, binding)
  await forgetLongRetired(transaction, gatewayId, at)
  return { kind: 'bound', gateway, isRepeated: false, retiredKeyIds }
}

function lockGateway(
  transaction: Transaction<Schema>,
  gatewayId: string,
): Promise<LockedGateway | undefined> {
  return transaction
    .selectFrom('gateways')
    .select([
      'id as gatewayId',
      'name as gatewayName',
      'organization_id as organizationId',
      'revoked_at as revokedAt',
    ])
    .where('id', '=', gatewayId)
    .forUpdate()
    .executeTakeFirst()
}

function findKey(transaction: Transaction<Schema>, gatewayId: string, keyId: string) {
  return transaction
    .selectFrom('gateway_keys')
    .select(['retired_at', 'replaced_by_key_id', 'created_at'])
    .where('id', '=', keyId)
    .where('gateway_id', '=', gatewayId)
    .executeTakeFirst()
}

function isLive(key: { retired_at: Date | null }, at: Date): boolean {
  return key.retired_at === null || key.retired_at > at
}

/** False for a key that is registered already, here or elsewhere; waits for whoever is just registering it. */
async function insertKey(transaction: Transaction<Schema>, key: NewKey): Promise<boolean> {
  const { gatewayId, keyId, publicKey, at } = key
  const inserted = await transaction
    .insertInto('gateway_keys')
    .values({ id: keyId, gateway_id: gatewayId, public_key: publicKey, retired_at: null, created_at: at })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

async function retireAllButNewest(
  transaction: Transaction<Schema>,
  { gatewayId, keyId, at, liveKeysMax }: KeyBinding,
): Promise<string[]> {
  const live = await transaction
    .selectFrom('gateway_keys')
    .select('id')
    .where('gateway_id', '=', gatewayId)
    .where('id', '<>', keyId)
    .where((key) => key.or([key('retired_at', 'is', null), key('retired_at', '>', at)]))
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute()
  const surplus = live.slice(liveKeysMax - 1).map(({ id }) => id)
  if (surplus.length === 0) return []
  await transaction.updateTable('gateway_keys').set({ retired_at: at }).where('id', 'in', surplus).execute()
  return surplus
}

async function forgetLongRetired(
  transaction: Transaction<Schema>,
  gatewayId: string,
  at: Date,
): Promise<void> {
  await transaction
    .deleteFrom('gateway_keys')
    .where('gateway_id', '=', gatewayId)
    .where('retired_at', '<', new Date(at.getTime() - retiredKeysKeptMs))
    .execute()
}
