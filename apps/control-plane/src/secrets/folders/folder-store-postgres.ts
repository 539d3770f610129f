import { type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import type { Schema } from '../../database/schema.ts'
import { folderDepthMax } from './folder-paths.ts'
import type { Folder, FolderAt, FolderContents, FolderPlace, FolderStore, NewFolder } from './folder-store.ts'

export function createFolderStorePostgres(database: Kysely<Schema>): FolderStore {
  return {
    findFolder: (place) => findFolder(database, place),
    locate: async (folderId) => {
      const [folder, path] = await Promise.all([
        selectFolders(database).where('secret_folders.id', '=', folderId).executeTakeFirst(),
        pathOf(database, folderId),
      ])
      return folder === undefined || path === undefined ? undefined : { ...folder, path }
    },
    childrenOf: (folderId) =>
      selectFolders(database)
        .where('secret_folders.parent_id', '=', folderId)
        .orderBy(sql`secret_folders.name collate "C"`)
        .execute(),
    listBelow: ({ folderId, depthMax }) => listBelow(database, folderId, depthMax),
    find: (folderIds) =>
      selectFolders(database)
        .where('secret_folders.id', '=', sql<string>`any(${[...folderIds]}::uuid[])`)
        .execute(),
    ensureRoot: (environmentId) => ensureRoot(database, environmentId),
    lockRoot: async (environmentId) => {
      const root = await ensureRoot(database, environmentId)
      if (root === undefined) return undefined
      const { rows } = await sql`select id from secret_folders where id = ${root.id} for update`.execute(
        database,
      )
      return rows.length === 0 ? undefined : root
    },
    lockBelow: async (folderId) => {
      await sql`
        select id from secret_folders where id in (
          with recursive below (id) as (
            select ${folderId}::uuid
            union all
            select f.id from below b join secret_folders f on f.parent_id = b.id
          )
          select id from below
        ) order by id for update`.execute(database)
    },
    contentsOf: (folderId, rowsMax) => contentsOf(database, folderId, rowsMax),
    countOf: async (environmentId) => {
      const row = await database
        .selectFrom('secret_folders')
        .select(sql<number>`count(*)::int`.as('count'))
        .where('environment_id', '=', environmentId)
        .executeTakeFirstOrThrow()
      return row.count
    },
    create: (folder) => create(database, folder),
    update: async (folderId, { name, description }) => {
      await database
        .updateTable('secret_folders')
        .set({ name, updated_at: sql<Date>`now()`, ...(description !== undefined && { description }) })
        .where('id', '=', folderId)
        .execute()
      return selectFolders(database).where('secret_folders.id', '=', folderId).executeTakeFirst()
    },
    delete: async (folderId) => {
      await database.deleteFrom('secret_folders').where('id', '=', folderId).execute()
    },
  }
}

function selectFolders(database: Kysely<Schema>): SelectQueryBuilder<Schema, 'secret_folders', Folder> {
  return database
    .selectFrom('secret_folders')
    .select([
      'secret_folders.id',
      'secret_folders.project_id as projectId',
      'secret_folders.environment_id as environmentId',
      'secret_folders.parent_id as parentId',
      'secret_folders.name',
      'secret_folders.description',
      'secret_folders.created_at as createdAt',
      'secret_folders.updated_at as updatedAt',
      sql<Date | null>`(select max(s.updated_at) from secrets s where s.folder_id = secret_folders.id)`.as(
        'lastSecretModified',
      ),
    ])
}

function findFolder(
  database: Kysely<Schema>,
  { environmentId, path }: FolderPlace,
): Promise<Folder | undefined> {
  const found = sql<{ id: string }>`(
    with recursive walk (id, depth) as (
      select id, 0 from secret_folders where environment_id = ${environmentId} and parent_id is null
      union all
      select f.id, w.depth + 1
        from walk w join secret_folders f on f.parent_id = w.id and f.name = (${[...path]}::text[])[w.depth + 1]
    )
    select id from walk where depth = ${path.length}
  )`
  return selectFolders(database)
    .where('secret_folders.id', '=', sql<string>`${found}`)
    .executeTakeFirst()
}

/** From the root; undefined where there is no such folder. */
async function pathOf(database: Kysely<Schema>, folderId: string): Promise<string[] | undefined> {
  const { rows } = await sql<{ name: string }>`
    with recursive up (parent_id, name, height) as (
      select parent_id, name, 0 from secret_folders where id = ${folderId}
      union all
      select f.parent_id, f.name, up.height + 1 from up join secret_folders f on f.id = up.parent_id
    )
    select name from up order by height desc`.execute(database)
  // The first is the root, which has no name.
  return rows.length === 0 ? undefined : rows.slice(1).map(({ name }) => name)
}

async function listBelow(database: Kysely<Schema>, folderId: string, depthMax: number): Promise<FolderAt[]> {
  const { rows } = await sql<FolderAt>`
    with recursive below (id, path) as (
      select id, array[]::text[] from secret_folders where id = ${folderId}
      union all
      select f.id, b.path || f.name from below b join secret_folders f on f.parent_id = b.id
       where cardinality(b.path) < ${depthMax}
    )
    select id, path from below order by path collate "C"`.execute(database)
  return rows
}

async function ensureRoot(database: Kysely<Schema>, environmentId: string): Promise<Folder | undefined> {
  const place = { environmentId, path: [] }
  const found = await findFolder(database, place)
  if (found !== undefined) return found
  await sql`
    insert into secret_folders (project_id, environment_id, parent_id, name)
    select project_id, id, null, '' from project_environments where id = ${environmentId}
    on conflict (environment_id) where parent_id is null do nothing`.execute(database)
  return findFolder(database, place)
}

async function contentsOf(
  database: Kysely<Schema>,
  folderId: string,
  rowsMax: number,
): Promise<FolderContents> {
  const folders = (await listBelow(database, folderId, folderDepthMax)).slice(0, rowsMax)
  const within = sql<string>`any(${folders.map(({ id }) => id)}::uuid[])`
  const secrets = await database
    .selectFrom('secrets')
    .select(['folder_id as folderId', 'key'])
    .where('folder_id', '=', within)
    .limit(rowsMax)
    .execute()
  const imports = await database
    .selectFrom('secret_imports')
    .select('folder_id as folderId')
    .where('folder_id', '=', within)
    .limit(rowsMax)
    .execute()
  return { folders, secrets, imports }
}

async function create(
  database: Kysely<Schema>,
  { projectId, environmentId, parentId, name, description }: NewFolder,
): Promise<Folder> {
  const row = await database
    .insertInto('secret_folders')
    .values({
      project_id: projectId,
      environment_id: environmentId,
      parent_id: parentId,
      name,
      description,
    })
    .returning([
      'id',
      'project_id as projectId',
      'environment_id as environmentId',
      'parent_id as parentId',
      'name',
      'description',
      'created_at as createdAt',
      'updated_at as updatedAt',
    ])
    .executeTakeFirstOrThrow()
  return { ...row, lastSecretModified: null }
}
