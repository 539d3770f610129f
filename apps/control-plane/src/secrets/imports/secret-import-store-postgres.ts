import { type Kysely, type RawBuilder, type SelectQueryBuilder, sql } from 'kysely'
import type { Schema } from '../../database/schema.ts'
import { joinPath } from '../folders/folder-paths.ts'
import type {
  NewSecretImport,
  SecretImport,
  SecretImportChange,
  SecretImportStore,
} from './secret-import-store.ts'

export function createSecretImportStorePostgres(database: Kysely<Schema>): SecretImportStore {
  return {
    importsOf: (folderIds) =>
      selectImports(database)
        .where('folder_id', '=', sql<string>`any(${[...folderIds]}::uuid[])`)
        .orderBy('folder_id')
        .orderBy('position')
        .execute(),
    holdSource: async (environmentId) => {
      const row = await database
        .selectFrom('project_environments')
        .select('id')
        .where('id', '=', environmentId)
        .forKeyShare()
        .executeTakeFirst()
      return row !== undefined
    },
    find: (importId) => selectImports(database).where('id', '=', importId).executeTakeFirst(),
    create: (newImport) => create(database, newImport),
    update: (importId, change) => update(database, importId, change),
    delete: async (importId) => {
      const found = await selectImports(database).where('id', '=', importId).executeTakeFirst()
      if (found === undefined) return undefined
      await lockImports(database, sql`folder_id = ${found.folderId}`)
      await database.deleteFrom('secret_imports').where('id', '=', importId).execute()
      await database
        .updateTable('secret_imports')
        .set({ position: sql<number>`position - 1` })
        .where('folder_id', '=', found.folderId)
        .where('position', '>', found.position)
        .execute()
      return found
    },
    followRename: ({ environmentId, from, to }) => followRename(database, environmentId, from, to),
  }
}

function selectImports(database: Kysely<Schema>): SelectQueryBuilder<Schema, 'secret_imports', SecretImport> {
  return database
    .selectFrom('secret_imports')
    .select([
      'id',
      'project_id as projectId',
      'folder_id as folderId',
      'position',
      'imported_environment_id as importedEnvironmentId',
      'imported_path as importedPath',
      'is_replication as isReplication',
      'created_at as createdAt',
      'updated_at as updatedAt',
    ])
}

async function create(database: Kysely<Schema>, newImport: NewSecretImport): Promise<SecretImport> {
  const { id } = await database
    .insertInto('secret_imports')
    .values({
      project_id: newImport.projectId,
      folder_id: newImport.folderId,
      position: sql<number>`(select count(*)::int + 1 from secret_imports where folder_id = ${newImport.folderId})`,
      imported_environment_id: newImport.importedEnvironmentId,
      imported_path: newImport.importedPath,
      is_replication: newImport.isReplication,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return selectImports(database).where('id', '=', id).executeTakeFirstOrThrow()
}

async function update(
  database: Kysely<Schema>,
  importId: string,
  { importedEnvironmentId, importedPath, position }: SecretImportChange,
): Promise<SecretImport | undefined> {
  const found = await selectImports(database).where('id', '=', importId).executeTakeFirst()
  if (found === undefined) return undefined
  await lockImports(database, sql`folder_id = ${found.folderId}`)
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from secret_imports where folder_id = ${found.folderId}`.execute(database)
  const target = Math.min(position ?? found.position, rows[0]?.count ?? 1)
  // The constraint on positions is looked at when the change ends.
  await sql`
    update secret_imports
       set position = case
             when id = ${importId} then ${target}::int
             when position > ${found.position} and position <= ${target} then position - 1
             when position < ${found.position} and position >= ${target} then position + 1
             else position
           end
     where folder_id = ${found.folderId}`.execute(database)
  await database
    .updateTable('secret_imports')
    .set({
      updated_at: sql<Date>`now()`,
      ...(importedEnvironmentId !== undefined && { imported_environment_id: importedEnvironmentId }),
      ...(importedPath !== undefined && { imported_path: importedPath }),
    })
    .where('id', '=', importId)
    .execute()
  return selectImports(database).where('id', '=', importId).executeTakeFirst()
}

/**
 * A rename changes imports in trees whose locks it does not hold, while others change their positions: whoever changes
 * several locks them first, and all in one order.
 */
async function lockImports(database: Kysely<Schema>, which: RawBuilder<unknown>): Promise<void> {
  await sql`select id from secret_imports where ${which} order by id for update`.execute(database)
}

/** A folder that imports the new path already, where nothing was, gets the secrets by that import. */
async function followRename(
  database: Kysely<Schema>,
  environmentId: string,
  from: readonly string[],
  to: readonly string[],
): Promise<number> {
  const before = joinPath(from)
  const after = joinPath(to)
  const follows = sql`imported_environment_id = ${environmentId}
    and (imported_path = ${before} or starts_with(imported_path, ${`${before}/`}))`
  await lockImports(database, follows)
  const { rows } = await sql<{ id: string }>`
    with moved as (
      select id, folder_id, ${after} || substr(imported_path, ${before.length + 1}::int) as path
        from secret_imports
       where ${follows}
    )
    update secret_imports i set imported_path = m.path, updated_at = now()
      from moved m
     where i.id = m.id and not exists (
       select 1 from secret_imports o
        where o.folder_id = m.folder_id and o.imported_environment_id = ${environmentId} and o.imported_path = m.path
     )
    returning i.id`.execute(database)
  return rows.length
}
