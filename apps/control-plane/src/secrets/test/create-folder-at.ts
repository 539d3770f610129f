import type { Kysely } from 'kysely'
import type { Schema } from '../../database/schema.ts'
import { createFolderStorePostgres } from '../folders/folder-store-postgres.ts'

/** With its parents; the root where there are no names. @returns its id, also where it is there already */
export async function createFolderAt(
  database: Kysely<Schema>,
  { projectId, environmentId }: { projectId: string; environmentId: string },
  path: readonly string[],
): Promise<string> {
  const folders = createFolderStorePostgres(database)
  let parentId = (await folders.ensureRoot(environmentId))?.id ?? ''
  for (const [index, name] of path.entries()) {
    const found = await folders.findFolder({ environmentId, path: path.slice(0, index + 1) })
    const folder =
      found ?? (await folders.create({ projectId, environmentId, parentId, name, description: null }))
    parentId = folder.id
  }
  return parentId
}
