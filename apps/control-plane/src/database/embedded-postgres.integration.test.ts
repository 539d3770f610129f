import { readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { isPostmasterOf } from './postmaster.ts'
import {
  clusterIn,
  makeDataFolder,
  makeUsedDataFolder,
  queryOnce,
  removeDataFolder,
  silentLogger as logger,
} from './test/data-folder.ts'

describe('startEmbeddedPostgres on an empty folder', { timeout: 120_000 }, () => {
  let dataFolder: string
  beforeEach(async () => {
    dataFolder = await makeDataFolder()
  })
  afterEach(() => removeDataFolder(dataFolder))

  it('makes a durable cluster with checksums that listens on no network, in folders that only we may enter', async () => {
    const server = await startEmbeddedPostgres({ dataFolder, logger })
    expect(server).toMatchObject({ isFresh: true, isAdopted: false })
    const rows = await queryOnce<{ name: string; setting: string }>(
      server.url,
      `select name, setting from pg_settings where name in
       ('fsync', 'data_checksums', 'listen_addresses', 'server_encoding', 'lc_messages', 'synchronous_commit')
       order by name`,
    )
    expect(rows.map(({ name, setting }) => [name, setting])).toEqual([
      ['data_checksums', 'on'],
      ['fsync', 'on'],
      ['lc_messages', 'C'],
      ['listen_addresses', ''],
      ['server_encoding', 'UTF8'],
      ['synchronous_commit', 'on'],
    ])
    for (const folder of ['postgres', 'postgres/socket', 'postgres/cluster']) {
      expect((await stat(join(dataFolder, folder))).mode & 0o777).toBe(0o700)
    }
  })
  it('keeps its socket in a short private folder when the data folder is too deep for one', async () => {
    const deep = join(dataFolder, 'd'.repeat(60), 'e'.repeat(60), 'with space, comma and "quotes"')
    const first = await startEmbeddedPostgres({ dataFolder: deep, logger })
    const socketFolder = new URL(first.url).searchParams.get('host') ?? ''
    expect(socketFolder.startsWith(tmpdir())).toBe(true)
    expect((await stat(socketFolder)).mode & 0o777).toBe(0o700)
    expect(await queryOnce(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await first.close()
    await expect(stat(socketFolder)).rejects.toThrow(/ENOENT/)
  })
})

describe('startEmbeddedPostgres on a used folder', { timeout: 120_000 }, () => {
  let dataFolder: string
  beforeEach(async () => {
    dataFolder = await makeUsedDataFolder()
  })
  afterEach(() => removeDataFolder(dataFolder))

  it('keeps what was committed across a clean stop and start', async () => {
    const first = await startEmbeddedPostgres({ dataFolder, logger })
    await queryOnce(first.url, 'create table kept as select 42 as answer')
    await first.close()
    expect(await isPostmasterOf(clusterIn(dataFolder), first.pid)).toBe(false)
    const server = await startEmbeddedPostgres({ dataFolder, logger })
    expect(server).toMatchObject({ isFresh: false, isAdopted: false })
    expect(await queryOnce(server.url, 'select answer from kept')).toEqual([{ answer: 42 }])
  })
  it('refuses files of another PostgreSQL version', async () => {
    await (await startEmbeddedPostgres({ dataFolder, logger })).close()
    await writeFile(join(clusterIn(dataFolder), 'PG_VERSION'), '17\n')
    await expect(startEmbeddedPostgres({ dataFolder, logger })).rejects.toThrow(
      /made by PostgreSQL 17.*pg_dump/,
    )
  })
  it("logs no statement and no value into the server's file", async () => {
    const server = await startEmbeddedPostgres({ dataFolder, logger })
    await queryOnce(server.url, 'create table secrets (value text primary key)')
    const insert = `insert into secrets values ('canary-7d1f')`
    await queryOnce(server.url, insert)
    await expect(queryOnce(server.url, insert)).rejects.toThrow(/duplicate key/)
    expect(await readFile(join(dataFolder, 'postgres', 'server.log'), 'utf8')).not.toContain('canary')
  })
})
