import { afterAll, beforeAll } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { createSecretImportStorePostgres } from './imports/secret-import-store-postgres.ts'
import { createSecretStorePostgres } from './secret-store-postgres.ts'
import { describeSecretStore } from './secret-store.conformance.ts'
import { createFolderAt } from './test/create-folder-at.ts'
import { createProject } from './test/create-project.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describeSecretStore(() => ({
  store: createSecretStorePostgres(database.kysely),
  createProject: () => createProject(database.kysely),
  createFolder: ({ projectId }, environmentId, ...path) =>
    createFolderAt(database.kysely, { projectId, environmentId }, path),
  createImport: async ({ projectId, environmentIds: [, importedEnvironmentId] }, folderId) => {
    await createSecretImportStorePostgres(database.kysely).create({
      projectId,
      folderId,
      importedEnvironmentId,
      importedPath: '/',
      isReplication: false,
    })
  },
  deleteFolder: async (folderId) => {
    await database.kysely.deleteFrom('secret_folders').where('id', '=', folderId).execute()
  },
}))
