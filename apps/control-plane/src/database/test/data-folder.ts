import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import pg from 'pg'

import { startEmbeddedPostgres } from '../embedded-postgres.ts'
import { findPostmaster, stopPostmaster } from '../postmaster.ts'

export const silentLogger = { info: () => undefined, warn: () => undefined }

export function clusterIn(dataFolder: string): string {
  return join(dataFolder, 'postgres', 'cluster')
}

/** A data folder for one test, without or with a stopped server's files. */
export async function makeDataFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'pg-'))
}

export async function makeUsedDataFolder(): Promise<string> {
  const dataFolder = await makeDataFolder()
  await (await startEmbeddedPostgres({ dataFolder, logger: silentLogger })).close()
  return dataFolder
}

/** Stops whatever server is left in it, too. */
export async function removeDataFolder(dataFolder: string): Promise<void> {
  const cluster = clusterIn(dataFolder)
  const left = await findPostmaster(cluster)
  if (left) await stopPostmaster(cluster, left.pid, { fastMs: 5_000, immediateMs: 5_000 })
  await rm(dataFolder, { recursive: true, force: true })
}

/** One query on a connection of its own. */
export async function queryOnce<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}
