import { type Kysely, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import { sealedFieldContext as gatewayContext } from '../gateways/sealed-fields.ts'
import { numberedHeader } from '../keyring/sealed-bytes.ts'
import { sealedFieldContext as identityContext } from '../kubernetes-auth/sealed-fields.ts'
import { type SealedPart, secretContext } from '../secrets/secret-cipher.ts'
import type { KeyRotationStore, KeyStates, SealedCell, SealedTable, StaleRow } from './key-rotation-store.ts'

/** Everything in the database that is encrypted under the keys of organizations. */
interface TableDefinition {
  name: string
  /** The table as `t`, joined with whatever knows its organization. */
  from: string
  organizationId: string
  /** Columns of `t` that name a row, in the order that rows are read in. */
  key: readonly string[]
  columns: Readonly<Record<string, (row: ReadonlyMap<string, string>) => string>>
  /** Other columns of `t` that the contexts name. */
  contextColumns: readonly string[]
}

const contextOfSecret =
  (part: SealedPart, idColumn: string) =>
  (row: ReadonlyMap<string, string>): string =>
    secretContext(
      {
        projectId: columnOf(row, 'project_id'),
        id: columnOf(row, idColumn),
        version: Number(columnOf(row, 'version')),
      },
      part,
    )

const secretColumns = (idColumn: string): TableDefinition['columns'] => ({
  value_encrypted: contextOfSecret('value', idColumn),
  comment_encrypted: contextOfSecret('comment', idColumn),
  hidden_metadata_encrypted: contextOfSecret('hidden-metadata', idColumn),
})

const definitions: readonly TableDefinition[] = [
  {
    name: 'secrets',
    from: 'secrets t join projects p on p.id = t.project_id',
    organizationId: 'p.organization_id',
    key: ['id'],
    columns: secretColumns('id'),
    contextColumns: ['t.project_id', 't.version'],
  },
  {
    name: 'secret_versions',
    from: 'secret_versions t join secrets s on s.id = t.secret_id join projects p on p.id = s.project_id',
    organizationId: 'p.organization_id',
    key: ['secret_id', 'version'],
    columns: secretColumns('secret_id'),
    contextColumns: ['s.project_id'],
  },
  {
    name: 'kubernetes_auths',
    from: 'kubernetes_auths t',
    organizationId: 't.organization_id',
    key: ['identity_id'],
    columns: {
      ca_cert_encrypted: (row) => identityContext('ca-cert', columnOf(row, 'identity_id')),
      token_reviewer_jwt_encrypted: (row) =>
        identityContext('token-reviewer-jwt', columnOf(row, 'identity_id')),
    },
    contextColumns: [],
  },
  {
    name: 'gateway_kubernetes_auths',
    from: 'gateway_kubernetes_auths t',
    organizationId: 't.organization_id',
    key: ['gateway_id'],
    columns: {
      ca_cert_encrypted: (row) => gatewayContext('ca-cert', columnOf(row, 'gateway_id')),
      token_reviewer_jwt_encrypted: (row) =>
        gatewayContext('token-reviewer-jwt', columnOf(row, 'gateway_id')),
    },
    contextColumns: [],
  },
]

export function createKeyRotationStorePostgres(database: Kysely<Schema>): KeyRotationStore {
  return {
    read: (organizationId) => read(database, organizationId),
    add: (organizationId, wrappedKey) => add(database, organizationId, wrappedKey),
    organizationsWithEarlierKeys: async () => {
      const rows = await database
        .selectFrom('organization_earlier_keys')
        .select('organization_id')
        .distinct()
        .orderBy('organization_id')
        .execute()
      return rows.map(({ organization_id }) => organization_id)
    },
    removeEarlier: async (organizationId, retiredBefore) => {
      const rows = await database
        .deleteFrom('organization_earlier_keys')
        .where('organization_id', '=', organizationId)
        .where('retired_at', '<', retiredBefore)
        .returning('version')
        .execute()
      return rows.map(({ version }) => version)
    },
    tables: definitions.map((definition) => sealedTable(database, definition)),
  }
}

async function read(database: Kysely<Schema>, organizationId: string): Promise<KeyStates | undefined> {
  const row = await database
    .selectFrom('organizations')
    .select('key_version')
    .where('id', '=', organizationId)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const earlier = await database
    .selectFrom('organization_earlier_keys')
    .select(['version', 'retired_at'])
    .where('organization_id', '=', organizationId)
    .orderBy('version')
    .execute()
  return {
    newest: row.key_version,
    earlier: earlier.map(({ version, retired_at }) => ({ number: version, retiredAt: retired_at })),
  }
}

/** In a transaction: the row stays locked, so that two at once make two keys. */
async function add(
  database: Kysely<Schema>,
  organizationId: string,
  wrappedKey: Buffer,
): Promise<KeyStates | undefined> {
  const before = await database
    .selectFrom('organizations')
    .select(['key_version', 'wrapped_key'])
    .where('id', '=', organizationId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (before === undefined) return undefined
  await database
    .insertInto('organization_earlier_keys')
    .values({
      organization_id: organizationId,
      version: before.key_version,
      wrapped_key: before.wrapped_key,
      retired_at: new Date(),
    })
    .execute()
  await database
    .updateTable('organizations')
    .set({ key_version: before.key_version + 1, wrapped_key: wrappedKey })
    .where('id', '=', organizationId)
    .execute()
  return read(database, organizationId)
}

function sealedTable(database: Kysely<Schema>, definition: TableDefinition): SealedTable {
  const { name, key } = definition
  const keyColumns = sql.join(key.map((column) => sql.ref(`t.${column}`)))
  const columns = Object.keys(definition.columns)
  const selected = sql.join([
    ...key.map((column) => sql`${sql.ref(`t.${column}`)}::text as ${sql.ref(column)}`),
    ...definition.contextColumns.map(
      (column) => sql`${sql.ref(column)}::text as ${sql.ref(column.replace(/^.*\./, ''))}`,
    ),
    ...columns.map((column) => sql.ref(`t.${column}`)),
  ])
  return {
    name,
    readStale: async (organizationId, newest, { after, limit }) => {
      const header = numberedHeader(newest)
      // Null is neither: a column without anything in it is never stale.
      const isStale = sql.join(
        columns.map((column) => sql`substring(${sql.ref(`t.${column}`)} from 1 for 5) <> ${header}`),
        sql` or `,
      )
      const isAfter =
        after === undefined
          ? sql`true`
          : sql`(${keyColumns}) > (${sql.join(after.map((part, at) => (key[at] === 'version' ? sql`${part}::int` : sql`${part}::uuid`)))})`
      const { rows } = await sql<Record<string, string | Buffer | null>>`
        select ${selected} from ${sql.raw(definition.from)}
        where ${sql.ref(definition.organizationId)} = ${organizationId} and (${isStale}) and ${isAfter}
        order by ${keyColumns} limit ${limit}`.execute(database)
      return rows.map((row) => staleRowOf(row, definition, header))
    },
    replace: async (rowKey, { column, sealed }, resealed) => {
      const isRow = sql.join(
        key.map((part, at) =>
          part === 'version'
            ? sql`${sql.ref(part)} = ${rowKey[at]}::int`
            : sql`${sql.ref(part)} = ${rowKey[at]}::uuid`,
        ),
        sql` and `,
      )
      const { numAffectedRows = 0n } = await sql`
        update ${sql.table(name)} set ${sql.ref(column)} = ${resealed}
        where ${isRow} and ${sql.ref(column)} = ${sealed}`.execute(database)
      return numAffectedRows > 0n
    },
  }
}

function staleRowOf(
  row: Readonly<Record<string, string | Buffer | null>>,
  { key, columns }: TableDefinition,
  header: Buffer,
): StaleRow {
  const texts = new Map(
    Object.entries(row).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
  const cells = Object.entries(columns).flatMap(([column, contextOf]): SealedCell[] => {
    const sealed = row[column]
    if (!Buffer.isBuffer(sealed) || sealed.subarray(0, header.length).equals(header)) return []
    return [{ column, context: contextOf(texts), sealed }]
  })
  return { key: key.map((column) => columnOf(texts, column)), cells }
}

function columnOf(row: ReadonlyMap<string, string>, column: string): string {
  const text = row.get(column)
  if (text === undefined) throw new Error(`a row without its ${column} was read`)
  return text
}
