import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { type Reply, type SecretFeature, startSecretFeature } from './test/start-secret-feature.ts'

let database: TestDatabase
let feature: SecretFeature
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  feature = await startSecretFeature(database.kysely)
  await feature.createFolder('dev', 'app', 'db')
  await feature.write({ path: '/app/db' }, { KEY: 'value' })
  return () => feature.close()
})

function send(method: string, name: string, more: object = {}): Promise<Reply> {
  const body = { projectId: feature.project.id, environment: 'dev', secretPath: '/app/db', ...more }
  return feature.call(method, `/api/v4/secrets/${name}`, { as: feature.enter('admin'), body })
}

/** Begins a change while a folder on its path gets another name, which is committed once the change waits for it. */
async function changeWhileRenaming(name: string, change: () => Promise<Reply>): Promise<Reply> {
  const { reply } = await database.kysely.transaction().execute(async (transaction) => {
    // As a rename does: the folder and all below it.
    await sql`select from secret_folders
      where project_id = ${feature.project.id} and parent_id is not null for update`.execute(transaction)
    await sql`update secret_folders set name = ${`${name}-renamed`}
      where project_id = ${feature.project.id} and name = ${name}`.execute(transaction)
    const begun = change()
    for (let isWaiting = false; !isWaiting; await setTimeout(10)) {
      const { rows } = await sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(database.kysely)
      isWaiting = rows.length > 0
    }
    return { reply: begun }
  })
  return reply
}

describe('a secret that is changed while a folder on its path gets another name', () => {
  const changes: [string, () => Promise<Reply>][] = [
    ['created', () => send('POST', 'NEW', { secretValue: 'x' })],
    ['updated', () => send('PATCH', 'KEY', { secretValue: 'x' })],
    ['deleted', () => send('DELETE', 'KEY')],
  ]
  for (const [what, change] of changes) {
    it.each(['db', 'app'])(`is not ${what} where it is no more, nor audited there: %s`, async (name) => {
      const before = feature.audit.events.length
      expect(await changeWhileRenaming(name, change)).toMatchObject({ status: 404 })
      const told = feature.audit.events.slice(before)
      expect(told.filter(({ outcome }) => outcome === 'success')).toEqual([])
      const { rows } = await sql<{ key: string; version: number }>`select key, version from secrets
        where project_id = ${feature.project.id}`.execute(database.kysely)
      expect(rows).toEqual([{ key: 'KEY', version: 1 }])
    })
  }
})
