import { type Kysely, type Selectable, sql } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type {
  FolderPlace,
  FolderState,
  LocatedSecret,
  NewSecret,
  SealedContent,
  SecretStore,
  StoredContents,
  StoredSecret,
} from './secret-store.ts'

type ContentRow = Omit<Selectable<Schema['secret_versions']>, 'secret_id'>
type Row = ContentRow & Pick<Selectable<Schema['secrets']>, 'id' | 'project_id' | 'folder_id' | 'updated_at'>

const contentColumns = [
  'key',
  'version',
  'value_encrypted',
  'comment_encrypted',
  'metadata',
  'hidden_metadata_encrypted',
  'skip_multiline_encoding',
  'reminder_repeat_days',
  'reminder_note',
  'changed_by_kind',
  'changed_by_id',
  'changed_by_name',
] as const

export function createSecretStorePostgres(database: Kysely<Schema>): SecretStore {
  return {
    findFolders: (places) => findFolders(database, places),
    statesOf: (folderIds) => statesOf(database, folderIds),
    contentsOf: async (folderIds, limits) =>
      (await isTooMuch(database, folderIds, limits)) ? 'too-much' : contentsOf(database, folderIds),
    findByKey: async (folderId, key) => {
      const { rows } = await sql<Row>`/* prepared: secret-by-key */
        select * from secrets where folder_id = ${folderId} and key = ${key}`.execute(database)
      return rows[0] && secretOf(rows[0])
    },
    locate: (secretId) => locate(database, secretId),
    findVersion: async (secretId, version) => {
      const [row] = await selectVersions(database, secretId).where('version', '=', version).execute()
      return row && secretOf(row)
    },
    listVersions: async (secretId, { offset, limit }) => {
      const rows = await selectVersions(database, secretId)
        .orderBy('version', 'desc')
        .offset(offset)
        .limit(limit)
        .execute()
      return rows.map(secretOf)
    },
    countVersions: async (secretId) => {
      const { count } = await selectVersions(database, secretId)
        .clearSelect()
        .select(sql<number>`count(*)::int`.as('count'))
        .executeTakeFirstOrThrow()
      return count
    },
    lockFolder: (folderId) => lockFolder(database, folderId),
    insert: (secret) => insert(database, secret),
    replace: (before, next, earlierVersionsMax) => replace(database, before, next, earlierVersionsMax),
    delete: async (secretId) => {
      await database.deleteFrom('secrets').where('id', '=', secretId).execute()
    },
  }
}

/** The names of all paths stand in one array, because arrays of arrays must be of one length. */
async function findFolders(
  database: Kysely<Schema>,
  places: readonly FolderPlace[],
): Promise<readonly (FolderState | undefined)[]> {
  const starts: number[] = []
  let start = 1
  for (const { path } of places) {
    starts.push(start)
    start += path.length
  }
  const environmentIds = places.map(({ environmentId }) => environmentId)
  const lengths = places.map(({ path }) => path.length)
  const names = places.flatMap(({ path }) => path)
  const { rows } = await sql<StateRow & { number: number }>`/* prepared: secret-folders-by-path */
    with recursive walk as (
      select a.number, a.start, a.length, f.id, f.revision, 0 as depth
        from unnest(${environmentIds}::uuid[], ${starts}::int[], ${lengths}::int[])
          with ordinality as a (environment_id, start, length, number)
        join secret_folders f on f.environment_id = a.environment_id and f.parent_id is null
      union all
      select w.number, w.start, w.length, f.id, f.revision, w.depth + 1 from walk w
        join secret_folders f on f.parent_id = w.id and f.name = (${names}::text[])[w.start + w.depth]
       where w.depth < w.length
    )
    select number, id, revision, exists (select from secret_imports i where i.folder_id = walk.id) as has_imports
      from walk where depth = length`.execute(database)
  const found = new Map(rows.map((row) => [row.number, stateOf(row)]))
  return places.map((_place, index) => found.get(index + 1))
}

async function statesOf(
  database: Kysely<Schema>,
  folderIds: readonly string[],
): Promise<readonly FolderState[]> {
  const { rows } = await sql<StateRow>`/* prepared: secret-folder-states */
    select id, revision, exists (select from secret_imports i where i.folder_id = f.id) as has_imports
      from secret_folders f where id = any(${folderIds})`.execute(database)
  return rows.map(stateOf)
}

interface StateRow {
  id: string
  revision: number
  has_imports: boolean
}

function stateOf({ id, revision, has_imports }: StateRow): FolderState {
  return { id, revision, hasImports: has_imports }
}

/** One folder alone is within its own limits. */
async function isTooMuch(
  database: Kysely<Schema>,
  folderIds: readonly string[],
  { secretsPerReply, bytesPerReply }: { secretsPerReply: number; bytesPerReply: number },
): Promise<boolean> {
  if (folderIds.length <= 1) return false
  const { secretCount, valueBytes } = await measure(database, folderIds)
  return secretCount > secretsPerReply || valueBytes > bytesPerReply
}

async function measure(
  database: Kysely<Schema>,
  folderIds: readonly string[],
): Promise<{ secretCount: number; valueBytes: number }> {
  return database
    .selectFrom('secrets')
    .select([
      sql<number>`count(*)::int`.as('secretCount'),
      sql<number>`coalesce(sum(octet_length(value_encrypted)), 0)::int8`.as('valueBytes'),
    ])
    .where('folder_id', 'in', folderIds)
    .executeTakeFirstOrThrow()
}

/** The revision and the secrets of one statement's snapshot. */
async function contentsOf(
  database: Kysely<Schema>,
  folderIds: readonly string[],
): Promise<ReadonlyMap<string, StoredContents>> {
  type ContentsRow = { of_folder: string; revision: number } & (Row | { [Column in keyof Row]: null })
  const { rows } = await sql<ContentsRow>`/* prepared: secret-folder-contents */
    select f.id as of_folder, f.revision, s.* from secret_folders f left join secrets s on s.folder_id = f.id
      where f.id = any(${folderIds}) order by s.key collate "C"`.execute(database)
  const contents = new Map<string, { revision: number; secrets: StoredSecret[] }>()
  for (const row of rows) {
    const folder = contents.get(row.of_folder) ?? { revision: row.revision, secrets: [] }
    contents.set(row.of_folder, folder)
    if (row.id !== null) folder.secrets.push(secretOf(row))
  }
  return contents
}

async function locate(database: Kysely<Schema>, secretId: string): Promise<LocatedSecret | undefined> {
  const row = await database.selectFrom('secrets').selectAll().where('id', '=', secretId).executeTakeFirst()
  if (row === undefined) return undefined
  const { rows } = await sql<{ environment_id: string; name: string }>`
    with recursive walk as (
      select id, parent_id, environment_id, name, 0 as height from secret_folders where id = ${row.folder_id}
      union all
      select f.id, f.parent_id, f.environment_id, f.name, walk.height + 1
        from walk join secret_folders f on f.id = walk.parent_id
    )
    select environment_id, name from walk order by height desc`.execute(database)
  const [root, ...below] = rows
  if (root === undefined) return undefined
  return {
    secret: secretOf(row),
    environmentId: root.environment_id,
    path: below.map(({ name }) => name),
  }
}

/** Every version of a secret, its present one too, as rows of the same form. */
function selectVersions(database: Kysely<Schema>, secretId: string) {
  const present = database
    .selectFrom('secrets')
    .select(['id', 'project_id', 'folder_id', 'created_at', 'updated_at', ...contentColumns])
    .where('id', '=', secretId)
  const earlier = database
    .selectFrom('secret_versions as v')
    .innerJoin('secrets as s', 's.id', 'v.secret_id')
    .select(['s.id', 's.project_id', 's.folder_id', 's.created_at'])
    .select('v.created_at as updated_at')
    .select(contentColumns.map((column) => `v.${column}` as const))
    .where('v.secret_id', '=', secretId)
  return database.selectFrom(present.unionAll(earlier).as('versions')).selectAll()
}

async function lockFolder(
  database: Kysely<Schema>,
  folderId: string,
): Promise<{ secretCount: number; valueBytes: number } | undefined> {
  const locked = await database
    .updateTable('secret_folders')
    .set((column) => ({ revision: sql<number>`${column.ref('revision')} + 1` }))
    .where('id', '=', folderId)
    .returning('id')
    .executeTakeFirst()
  if (locked === undefined) return undefined
  // A statement of its own: what others committed while this one waited for the lock counts.
  return measure(database, [folderId])
}

async function insert(database: Kysely<Schema>, secret: NewSecret): Promise<StoredSecret> {
  const now = new Date()
  const row = await database
    .insertInto('secrets')
    .values({
      id: secret.id,
      project_id: secret.projectId,
      folder_id: secret.folderId,
      key: secret.key,
      version: 1,
      ...columnsOf(secret.content),
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return secretOf(row)
}

async function replace(
  database: Kysely<Schema>,
  before: StoredSecret,
  { key, content }: { key: string; content: SealedContent },
  earlierVersionsMax: number,
): Promise<StoredSecret> {
  await database
    .insertInto('secret_versions')
    .columns(['secret_id', ...contentColumns, 'created_at'])
    .expression((expression) =>
      expression
        .selectFrom('secrets')
        .select(['id', ...contentColumns, 'updated_at'])
        .where('id', '=', before.id),
    )
    .execute()
  await database
    .deleteFrom('secret_versions')
    .where('secret_id', '=', before.id)
    .where('version', '<=', before.version - earlierVersionsMax)
    .execute()
  const row = await database
    .updateTable('secrets')
    .set({ key, version: before.version + 1, ...columnsOf(content), updated_at: new Date() })
    .where('id', '=', before.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return secretOf(row)
}

function columnsOf(content: SealedContent) {
  return {
    value_encrypted: content.value,
    comment_encrypted: content.comment,
    metadata: JSON.stringify(content.metadata),
    hidden_metadata_encrypted: content.hiddenMetadata,
    skip_multiline_encoding: content.skipMultilineEncoding,
    reminder_repeat_days: content.reminderRepeatDays,
    reminder_note: content.reminderNote,
    changed_by_kind: content.changedBy.kind,
    changed_by_id: content.changedBy.id,
    changed_by_name: content.changedBy.name,
  }
}

function secretOf(row: Row): StoredSecret {
  return {
    id: row.id,
    projectId: row.project_id,
    folderId: row.folder_id,
    key: row.key,
    version: row.version,
    content: {
      value: row.value_encrypted,
      comment: row.comment_encrypted,
      metadata: row.metadata,
      hiddenMetadata: row.hidden_metadata_encrypted,
      skipMultilineEncoding: row.skip_multiline_encoding,
      reminderRepeatDays: row.reminder_repeat_days,
      reminderNote: row.reminder_note,
      changedBy: { kind: row.changed_by_kind, id: row.changed_by_id, name: row.changed_by_name },
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
