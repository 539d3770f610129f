import pg from 'pg'

import { startEmbeddedPostgres } from '../embedded-postgres.ts'

/*
 * A process that tests kill: `node hold-embedded-postgres.ts <data folder>` starts (or adopts) the server, says so in
 * one line of JSON, then commits numbers for ever and prints each after its commit.
 */
const [, , dataFolder = ''] = process.argv
const silent = { info: () => undefined, warn: () => undefined }
try {
  const server = await startEmbeddedPostgres({ dataFolder, logger: silent })
  const { url, pid, isFresh, isAdopted } = server
  process.stdout.write(`${JSON.stringify({ url, pid, isFresh, isAdopted })}\n`)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('create table if not exists numbers (value integer primary key)')
  for (let value = 1; ; value += 1) {
    await client.query('insert into numbers values ($1) on conflict do nothing', [value])
    process.stdout.write(`${value}\n`)
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : 'unknown'}\n`)
  process.exitCode = 1
}
