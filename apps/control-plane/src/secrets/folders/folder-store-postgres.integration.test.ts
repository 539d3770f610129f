import { afterAll, beforeAll } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../../database/test/create-test-database.ts'
import { createSecretImportStorePostgres } from '../imports/secret-import-store-postgres.ts'
import { createProject } from '../test/create-project.ts'
import { createFolderStorePostgres } from './folder-store-postgres.ts'
import { describeFolderStore } from './folder-store.conformance.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 8 })
})
afterAll(() => database.close())

describeFolderStore(() => ({
  store: createFolderStorePostgres(database.kysely),
  createProject: () => createProject(database.kysely),
  createSecret: async ({ projectId }, folderId, key) => {
    const sealed = { value_encrypted: Buffer.alloc(0), metadata: '[]', changed_by_kind: 'identity' }
    const values = { project_id: projectId, folder_id: folderId, key, version: 1, ...sealed }
    await database.kysely.insertInto('secrets').values(values).execute()
  },
  createImport: async ({ projectId, environmentIds: [, importedEnvironmentId] }, folderId) => {
    await createSecretImportStorePostgres(database.kysely).create({
      projectId,
      folderId,
      importedEnvironmentId,
      importedPath: '/',
      isReplication: false,
    })
  },
}))
