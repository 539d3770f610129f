import { sql } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'

import { openDatabase } from './database.ts'
import { databaseMigrations, migrateDatabase } from './migrate.ts'
import { type TestDatabase, createTestDatabase } from './test/create-test-database.ts'

const all = Object.keys(databaseMigrations)

describe('migrateDatabase', () => {
  let test: TestDatabase
  afterEach(() => test.close())

  it('applies everything to an empty database, and then nothing', async () => {
    test = await createTestDatabase({ isBlank: true })
    expect(await migrateDatabase(test.kysely)).toEqual(all)
    expect(await migrateDatabase(test.kysely)).toEqual([])
    const { rows } = await sql<{ name: string }>`select to_regclass('audit_events')::text as name`.execute(
      test.kysely,
    )
    expect(rows).toEqual([{ name: 'audit_events' }])
  })

  it('lets several processes start at once on an empty database: one migrates, the rest wait', async () => {
    test = await createTestDatabase({ isBlank: true })
    const url = test.url
    const replicas = Array.from({ length: 6 }, () =>
      openDatabase({ url, poolMax: 2, logger: { warn: () => undefined } }),
    )
    const applied = await Promise.all(replicas.map(({ kysely }) => migrateDatabase(kysely)))
    await Promise.all(replicas.map((replica) => replica.close()))
    expect(applied.flat()).toEqual(all)
  })

  it('gives the lock back after a failure, so that the next start can try again', async () => {
    test = await createTestDatabase({ isBlank: true })
    await sql`create table organizations (in_the_way boolean)`.execute(test.kysely)
    await expect(migrateDatabase(test.kysely)).rejects.toThrow(/already exists/)
    await sql`drop table organizations`.execute(test.kysely)
    expect(await migrateDatabase(test.kysely)).toEqual(all)
  })
})
