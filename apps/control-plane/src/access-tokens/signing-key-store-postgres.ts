import { type Kysely, sql, type Transaction } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import type { NewSigningKey, PublicJwk, SigningKeyStore, StoredSigningKey } from './signing-key-store.ts'

/** Any number, as long as nothing else locks it: "signk" in ASCII. */
const keysLock = 0x73_69_67_6e_6b

export function createSigningKeyStorePostgres(database: Kysely<Schema>): SigningKeyStore {
  return {
    list: () => list(database),

    addFirst: (key) =>
      inTransaction(database, async (transaction) => {
        await lock(transaction)
        if ((await list(transaction)).length === 0) await add(transaction, key)
      }),

    add: (key) => add(database, key),

    addNext: (key, newestAgeMsMin) =>
      inTransaction(database, async (transaction) => {
        await lock(transaction)
        const newest = await transaction
          .selectFrom('signing_keys')
          .select('id')
          .where(
            'created_at',
            '>',
            sql<Date>`clock_timestamp() - make_interval(secs => ${newestAgeMsMin / 1000})`,
          )
          .limit(1)
          .executeTakeFirst()
        if (newest !== undefined) return false
        await add(transaction, key)
        return true
      }),

    async retire(keyId) {
      const { numUpdatedRows } = await database
        .updateTable('signing_keys')
        .set({ retired_at: sql<Date>`now()` })
        .where('id', '=', keyId)
        .where('retired_at', 'is', null)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
  }
}

async function lock(transaction: Transaction<Schema>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${keysLock})`.execute(transaction)
}

async function list(database: Kysely<Schema>): Promise<StoredSigningKey[]> {
  const rows = await database
    .selectFrom('signing_keys')
    .select(['id', 'public_jwk', 'private_key_encrypted', 'created_at'])
    .where('retired_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    publicJwk: publicJwkOf(row.public_jwk),
    privateKeyEncrypted: row.private_key_encrypted,
    createdAt: row.created_at,
  }))
}

async function add(database: Kysely<Schema>, key: NewSigningKey): Promise<void> {
  await database
    .insertInto('signing_keys')
    .values({
      id: key.id,
      public_jwk: JSON.stringify(key.publicJwk),
      private_key_encrypted: key.privateKeyEncrypted,
      // Not of the transaction's begin: others may have waited for the lock meanwhile.
      created_at: sql<Date>`clock_timestamp()`,
    })
    .execute()
}

function publicJwkOf(jwk: Record<string, unknown>): PublicJwk {
  if (typeof jwk['x'] !== 'string') throw new Error('a stored signing key has no public half')
  return { kty: 'OKP', crv: 'Ed25519', x: jwk['x'] }
}
