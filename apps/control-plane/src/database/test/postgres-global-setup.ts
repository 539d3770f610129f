import { randomBytes } from 'node:crypto'

import type { TestProject } from 'vitest/node'

import { openDatabase } from '../database.ts'
import { migrateDatabase } from '../migrate.ts'
import { runStatement } from './run-statement.ts'
import { type TestServer, startTestServer } from './test-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the server's `postgres` database. */
    postgresServerUrl: string
    /** A migrated database that every test file copies. */
    postgresTemplateName: string
  }
}

/**
 * Vitest's global set-up: a PostgreSQL of our own, or the one that POSTERN_TEST_DATABASE_URL names (its role needs
 * CREATEDB; what is made there has random names and is dropped at the end).
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await openServer(process.env['POSTERN_TEST_DATABASE_URL'])
  const templateName = `postern_template_${randomBytes(6).toString('hex')}`
  try {
    await runStatement(server.url, `create database ${templateName}`)
    await migrate(server.url, templateName)
  } catch (error) {
    await server.close()
    throw error
  }
  project.provide('postgresServerUrl', server.url)
  project.provide('postgresTemplateName', templateName)
  return async () => {
    await runStatement(server.url, `drop database if exists ${templateName}`)
    await server.close()
  }
}

async function openServer(externalUrl: string | undefined): Promise<TestServer> {
  if (externalUrl !== undefined && externalUrl !== '') {
    return { url: externalUrl, close: () => Promise.resolve() }
  }
  return startTestServer()
}

async function migrate(serverUrl: string, databaseName: string): Promise<void> {
  const url = new URL(serverUrl)
  url.pathname = `/${databaseName}`
  const failLoudly = { warn: (fields: object) => Promise.reject(new Error(JSON.stringify(fields))) }
  const database = openDatabase({ url: url.href, poolMax: 1, logger: failLoudly })
  try {
    await migrateDatabase(database.kysely)
  } finally {
    await database.close()
  }
}
