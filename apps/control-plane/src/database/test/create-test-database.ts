import { randomBytes } from 'node:crypto'

import type { Kysely } from 'kysely'
import { inject } from 'vitest'

import { openDatabase } from '../database.ts'
import type { Schema } from '../schema.ts'
import { runStatement } from './run-statement.ts'

export interface TestDatabase {
  kysely: Kysely<Schema>
  url: string
  /** Drops the database, whoever is still connected to it. */
  close(): Promise<void>
}

export interface TestDatabaseOptions {
  poolMax?: number
  /** True for an empty database without the schema. */
  isBlank?: boolean
}

/** A database of its own with the schema in place; 20-50 ms. For `*.integration.test.ts`, `test/e2e` and `test/kubernetes`. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const serverUrl = inject('postgresServerUrl')
  const template = options.isBlank === true ? 'template0' : inject('postgresTemplateName')
  const name = `postern_test_${randomBytes(8).toString('hex')}`
  await runStatement(serverUrl, `create database ${name} template ${template}`)

  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  // `drop … with (force)` ends sessions that a test left open; those of this pool are closed before.
  const database = openDatabase({
    url: url.href,
    poolMax: options.poolMax ?? 4,
    logger: { warn: () => undefined },
  })
  return {
    kysely: database.kysely,
    url: url.href,
    close: async () => {
      await database.close()
      await runStatement(serverUrl, `drop database ${name} with (force)`)
    },
  }
}
