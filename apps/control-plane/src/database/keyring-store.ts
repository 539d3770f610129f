import { type Kysely, type Transaction, sql } from 'kysely'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** Where the keyring keeps wrapped keys; meets `KeyringStore` and `InstanceSecretStore` of keyring/. */
export function createKeyringStore({ kysely }: Pick<Database, 'kysely'>): {
  readKeys(organizationId: string): Promise<WrappedKeys | undefined>
  keepRootKeyCheck(candidate: Buffer): Promise<Buffer>
  keepInstanceSecret(candidate: Buffer): Promise<Buffer>
  resealAll(reseal: Reseal): Promise<void>
} {
  return {
    readKeys: (organizationId) => readKeys(kysely, organizationId),
    keepRootKeyCheck: async (candidate) => {
      await kysely
        .insertInto('root_key_checks')
        .values({ encrypted_text: candidate })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      const { encrypted_text } = await kysely
        .selectFrom('root_key_checks')
        .select('encrypted_text')
        .executeTakeFirstOrThrow()
      return encrypted_text
    },
    keepInstanceSecret: async (candidate) => {
      await kysely
        .insertInto('instance_secrets')
        .values({ encrypted_secret: candidate })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      const { encrypted_secret } = await kysely
        .selectFrom('instance_secrets')
        .select('encrypted_secret')
        .executeTakeFirstOrThrow()
      return encrypted_secret
    },
    resealAll: (reseal) =>
      kysely.transaction().execute(async (transaction) => {
        for (const thing of sealedByRootKey) await resealColumn(transaction, thing, reseal)
      }),
  }
}

interface WrappedKeys {
  newest: number
  keys: readonly { number: number; wrapped: Buffer }[]
}

async function readKeys(kysely: Kysely<Schema>, organizationId: string): Promise<WrappedKeys | undefined> {
  const row = await kysely
    .selectFrom('organizations')
    .select(['wrapped_key', 'key_version'])
    .where('id', '=', organizationId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  // After the newest: a key that is retired in between is found twice rather than not at all.
  const earlier = await kysely
    .selectFrom('organization_earlier_keys')
    .select(['version', 'wrapped_key'])
    .where('organization_id', '=', organizationId)
    .execute()
  return {
    newest: row.key_version,
    keys: [...earlier, { version: row.key_version, wrapped_key: row.wrapped_key }].map(
      ({ version, wrapped_key }) => ({ number: version, wrapped: wrapped_key }),
    ),
  }
}

type Reseal = (place: readonly string[], sealed: Buffer) => Buffer

interface SealedColumn {
  table: string
  column: string
  placeOf: (id: string) => readonly string[]
  /** Of one row, as text. */
  id: string
}

/** Everything that is encrypted under the root key itself; the places are those of keyring/ and of the signing keys. */
const sealedByRootKey: readonly SealedColumn[] = [
  { table: 'root_key_checks', column: 'encrypted_text', id: 'only_row', placeOf: () => ['root-key-check'] },
  { table: 'organizations', column: 'wrapped_key', id: 'id', placeOf: () => ['organization-key'] },
  {
    table: 'organization_earlier_keys',
    column: 'wrapped_key',
    id: 'ctid',
    placeOf: () => ['organization-key'],
  },
  {
    table: 'signing_keys',
    column: 'private_key_encrypted',
    id: 'id',
    placeOf: (id) => ['instance', `signing-key:${id}`],
  },
  {
    table: 'instance_secrets',
    column: 'encrypted_secret',
    id: 'only_row',
    placeOf: () => ['instance', 'instance-secret'],
  },
]

/** The rows stay locked to the end, so that what was read is what is replaced. */
async function resealColumn(
  transaction: Transaction<Schema>,
  { table, column, id, placeOf }: SealedColumn,
  reseal: Reseal,
): Promise<void> {
  const { rows } = await sql<{ id: string; sealed: Buffer }>`
    select ${sql.ref(id)}::text as id, ${sql.ref(column)} as sealed from ${sql.table(table)} order by 1 for update
  `.execute(transaction)
  for (const row of rows) {
    const resealed = reseal(placeOf(row.id), row.sealed)
    if (resealed === row.sealed) continue
    await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${resealed} where ${sql.ref(id)}::text = ${row.id}`.execute(
      transaction,
    )
  }
}
