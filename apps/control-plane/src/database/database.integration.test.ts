import { once } from 'node:events'
import { type Socket, connect, createServer } from 'node:net'

import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { DatabaseSilent, DatabaseUnreachable } from './database-unreachable.ts'
import { openDatabase, parseInt8 } from './database.ts'
import { type TestDatabase, createTestDatabase } from './test/create-test-database.ts'
import { runStatement } from './test/run-statement.ts'

describe('openDatabase', () => {
  let test: TestDatabase
  beforeAll(async () => {
    test = await createTestDatabase()
  })
  afterAll(() => test.close())

  it('reads int8 as a number', async () => {
    const { rows } =
      await sql`select 9007199254740991::int8 as most, count(*) as none from audit_events`.execute(
        test.kysely,
      )
    expect(rows).toEqual([{ most: 9_007_199_254_740_991, none: 0 }])
  })

  it('plans a marked statement once for each connection, and no other', async () => {
    const database = openDatabase({ url: test.url, poolMax: 1, logger: { warn: () => undefined } })
    for (const one of [1, 2]) {
      const { rows } = await sql`/* prepared: add-one */ select ${one}::int + 1 as sum`.execute(
        database.kysely,
      )
      expect(rows).toEqual([{ sum: one + 1 }])
    }
    const { rows } = await sql`select name from pg_prepared_statements`.execute(database.kysely)
    expect(rows).toEqual([{ name: 'add-one' }])
    await database.close()
  })

  it('ends a statement that takes too long, and has the server end a transaction that is left open', async () => {
    const logger = { warn: () => undefined }
    const database = openDatabase({ url: test.url, poolMax: 1, statementMsMax: 100, logger })
    await expect(sql`select pg_sleep(10)`.execute(database.kysely)).rejects.toMatchObject({ code: '57014' })
    const { rows } = await sql`show idle_in_transaction_session_timeout`.execute(database.kysely)
    expect(rows).toEqual([{ idle_in_transaction_session_timeout: '30s' }])
    await database.close()
  })

  it('refuses an int8 that a number cannot hold', () => {
    expect(() => parseInt8('9007199254740993')).toThrow(RangeError)
  })

  it('logs a lost idle connection and goes on with a new one', async () => {
    const warnings = new EventTarget()
    const lost = once(warnings, 'warn')
    const database = openDatabase({
      url: test.url,
      poolMax: 1,
      logger: { warn: () => warnings.dispatchEvent(new Event('warn')) },
    })
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database.kysely)
    await runStatement(inject('postgresServerUrl'), `select pg_terminate_backend(${rows[0]?.pid})`)
    await lost
    const again = await sql`select 1 as one`.execute(database.kysely)
    await database.close()
    expect(again.rows).toEqual([{ one: 1 }])
  })

  it('gives up a statement whose server fell silent, and goes on with a new connection', async () => {
    const url = new URL(test.url)
    const socketFolder = url.searchParams.get('host')
    const server =
      socketFolder === null
        ? { host: url.hostname, port: Number(url.port) }
        : { path: `${socketFolder}/.s.PGSQL.5432` }
    const pipes: Socket[] = []
    const proxy = createServer((client) => {
      const upstream = connect(server)
      pipes.push(upstream)
      client.on('error', () => upstream.destroy()).pipe(upstream)
      upstream.pipe(client)
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const address = proxy.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    url.searchParams.delete('host')
    url.host = `127.0.0.1:${address.port}`
    const logger = { warn: () => undefined }
    const database = openDatabase({ url: url.href, poolMax: 1, statementMsMax: 100, logger })
    await sql`select 1`.execute(database.kysely)
    for (const pipe of pipes) pipe.unpipe()
    await expect(sql`select 1`.execute(database.kysely)).rejects.toBeInstanceOf(DatabaseSilent)
    expect((await sql`select 1 as one`.execute(database.kysely)).rows).toEqual([{ one: 1 }])
    await database.close()
    for (const pipe of pipes) pipe.destroy()
    proxy.close()
  })

  it('refuses to wait for a server that does not exist', async () => {
    const database = openDatabase({
      url: 'postgresql://nobody@localhost/none?host=/nonexistent',
      poolMax: 1,
      bridgedMsMax: 0,
      logger: { warn: () => undefined },
    })
    const refused = sql`select 1`.execute(database.kysely)
    await expect(refused).rejects.toThrow(/ENOENT/)
    await expect(refused).rejects.toBeInstanceOf(DatabaseUnreachable)
    await database.close()
  })
})

describe('createTestDatabase', () => {
  it('gives every caller a database of its own that is gone after close', async () => {
    const [first, second] = await Promise.all([createTestDatabase(), createTestDatabase()])
    await first.kysely
      .insertInto('organizations')
      .values({ name: 'a', slug: 'a', wrapped_key: Buffer.of(1) })
      .execute()
    expect(await second.kysely.selectFrom('organizations').selectAll().execute()).toEqual([])
    await Promise.all([first.close(), second.close()])
    await expect(runStatement(first.url, 'select 1')).rejects.toThrow(/does not exist/)
  })
})
