import { setTimeout } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../../database/test/create-test-database.ts'
import type { Schema } from '../../database/schema.ts'
import { createFolderAt } from '../test/create-folder-at.ts'
import { createProject } from '../test/create-project.ts'
import { createSecretImportStorePostgres } from './secret-import-store-postgres.ts'
import { describeSecretImportStore } from './secret-import-store.conformance.ts'
import type { SecretImportStore } from './secret-import-store.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())

describeSecretImportStore(() => ({
  store: createSecretImportStorePostgres(database.kysely),
  createProject: () => createProject(database.kysely),
  createFolder: ({ projectId, environmentIds: [environmentId] }, name) =>
    createFolderAt(database.kysely, { projectId, environmentId }, [name]),
}))

const firstId = '00000000-0000-4000-8000-00000000000a'
const lastId = 'ffffffff-ffff-4fff-8fff-fffffffffffa'

/** Two imports of one folder, the one that every change of several locks last being the first in the table. */
async function plantImports(): Promise<string> {
  const { projectId, environmentIds } = await createProject(database.kysely)
  const [environmentId, importedEnvironmentId] = environmentIds
  const folderId = await createFolderAt(database.kysely, { projectId, environmentId }, ['app'])
  await database.kysely.deleteFrom('secret_imports').where('id', 'in', [firstId, lastId]).execute()
  for (const [index, id] of [lastId, firstId].entries()) {
    await database.kysely
      .insertInto('secret_imports')
      .values({
        id,
        project_id: projectId,
        folder_id: folderId,
        position: index + 1,
        imported_environment_id: importedEnvironmentId,
        imported_path: `/source/${index}`,
        is_replication: false,
      })
      .execute()
  }
  return importedEnvironmentId
}

async function waitUntilSomebodyWaits(): Promise<void> {
  for (;;) {
    const { rows } = await sql`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(database.kysely)
    if (rows.length > 0) return
    await setTimeout(10)
  }
}

const lock = (transaction: Kysely<Schema>, id: string) =>
  sql`select from secret_imports where id = ${id} for update nowait`.execute(transaction)

const changes: [string, (store: SecretImportStore, environmentId: string) => Promise<unknown>][] = [
  ['a position that changes', (store) => store.update(lastId, { position: 2 })],
  ['an import that goes', (store) => store.delete(lastId)],
  [
    'a source that gets another path',
    (store, environmentId) => store.followRename({ environmentId, from: ['source'], to: ['target'] }),
  ],
]

describe('changes of several imports', () => {
  it.each(changes)(
    'lock them in the order of their ids, so that none waits for the other: %s',
    async (_, change) => {
      const environmentId = await plantImports()
      const changing = await database.kysely.transaction().execute(async (transaction) => {
        await lock(transaction, firstId)
        const begun = database.kysely
          .transaction()
          .execute((other) => change(createSecretImportStorePostgres(other), environmentId))
        await waitUntilSomebodyWaits()
        // Who waits for the first holds no later one, which would be refused here at once.
        await lock(transaction, lastId)
        return { begun }
      })
      expect(await changing.begun).not.toBeUndefined()
    },
  )
})
