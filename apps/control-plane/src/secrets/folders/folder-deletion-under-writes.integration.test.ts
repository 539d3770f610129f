import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../database/test/create-test-database.ts'
import { type FolderFeature, type Reply, startFolderFeature } from './test/start-folder-feature.ts'

let database: TestDatabase
let feature: FolderFeature
let folderId: string
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  feature = await startFolderFeature(database.kysely, {
    'folders only': [{ subject: 'folders', action: ['read', 'create', 'edit', 'delete'] }],
  })
  const { body } = await send('POST', '/api/v2/folders', { name: 'a' })
  folderId = (body['folder'] as { id: string }).id
  return () => feature.close()
})

const send = (method: string, path: string, more: object, as = 'admin'): Promise<Reply> =>
  feature.call(method, path, {
    as,
    body: { projectId: feature.projectId, environment: 'dev', path: '/', ...more },
  })

/** Begins a deletion while a secret is written to the folder, which is committed once the deletion waits for it. */
async function deleteWhileWriting(more: object, as?: string): Promise<Reply> {
  const { reply } = await database.kysely.transaction().execute(async (transaction) => {
    await sql`update secret_folders set revision = revision + 1 where id = ${folderId}`.execute(transaction)
    await transaction
      .insertInto('secrets')
      .values({
        project_id: feature.projectId,
        folder_id: folderId,
        key: 'KEY',
        version: 1,
        value_encrypted: Buffer.alloc(0),
        metadata: '[]',
        changed_by_kind: 'identity',
      })
      .execute()
    const begun = send('DELETE', `/api/v2/folders/${folderId}`, more, as)
    await waitUntilSomebodyWaits()
    return { reply: begun }
  })
  return reply
}

async function waitUntilSomebodyWaits(): Promise<void> {
  for (;;) {
    const { rows } = await sql`select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(database.kysely)
    if (rows.length > 0) return
    await setTimeout(10)
  }
}

const keysLeft = async (): Promise<string[]> => {
  const rows = await database.kysely
    .selectFrom('secrets')
    .select('key')
    .where('folder_id', '=', folderId)
    .execute()
  return rows.map(({ key }) => key)
}

describe('a folder that is deleted while somebody writes a secret into it', () => {
  it('is not empty any more, and keeps the secret', async () => {
    const reply = await deleteWhileWriting({ forceDelete: false })
    expect(reply).toMatchObject({ status: 400, body: { details: { secrets: 1 } } })
    expect(await keysLeft()).toEqual(['KEY'])
  })

  it('goes only with the right to delete the secret', async () => {
    expect((await deleteWhileWriting({ forceDelete: true }, 'folders only')).status).toBe(403)
    expect(await keysLeft()).toEqual(['KEY'])
    expect((await send('DELETE', `/api/v2/folders/${folderId}`, { forceDelete: true })).status).toBe(200)
  })
})
