import { randomUUID } from 'node:crypto'
import { type Kysely, type Transaction, sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createCommit, inTransaction } from './commit.ts'
import { type Database, openDatabase } from './database.ts'
import { DatabaseLost } from './database-unreachable.ts'
import type { Schema } from './schema.ts'
import { type TestDatabase, createTestDatabase } from './test/create-test-database.ts'

let test: TestDatabase
let database: Database
const repeats: string[] = []
let losses = 0
beforeAll(async () => {
  test = await createTestDatabase()
  database = openDatabase({
    url: test.url,
    poolMax: 4,
    logger: { warn: () => undefined },
    observer: {
      repeated: (what, why) => void repeats.push(`${what}: ${why}`),
      lost: () => void (losses += 1),
    },
  })
  await sql`create table numbers (name text primary key, value integer not null)`.execute(test.kysely)
  await sql`create table written (id uuid not null)`.execute(test.kysely)
})
afterAll(async () => {
  await database.close()
  await test.close()
})
beforeEach(async () => {
  repeats.length = 0
  losses = 0
  await sql`delete from numbers`.execute(test.kysely)
  await sql`insert into numbers values ('a', 0), ('b', 0), ('c', 0)`.execute(test.kysely)
})

type Handle = Kysely<Schema> | Transaction<Schema>

const commit = <Result>(change: (within: Transaction<Schema>) => Promise<Result>): Promise<Result> =>
  createCommit(database.kysely, (transaction) => transaction, {
    repeated: (what, why) => void repeats.push(`${what}: ${why}`),
  })(change)

const add = (handle: Handle, name: string) =>
  sql`update numbers set value = value + 1 where name = ${name}`.execute(handle)
async function valueOf(name: string): Promise<number | undefined> {
  const { rows } = await sql<{ value: number }>`select value from numbers where name = ${name}`.execute(
    test.kysely,
  )
  return rows[0]?.value
}
const write = (handle: Handle, id: string) => sql`insert into written values (${id})`.execute(handle)
async function timesWritten(id: string): Promise<number> {
  const { rows } = await sql`select from written where id = ${id}`.execute(test.kysely)
  return rows.length
}
async function pidOf(handle: Handle): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(handle)
  return rows[0]?.pid ?? 0
}
const terminate = (pid: number) => sql`select pg_terminate_backend(${pid}, 5000)`.execute(test.kysely)

/** Resolves for all once so many have come; later ones pass. */
function createMeeting(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let come = 0
  return () => {
    come += 1
    if (come >= count) resolve()
    return promise
  }
}

describe('a change', () => {
  it('that the database undid in favour of another is run again, whole: both of two in a deadlock are made', async () => {
    const meet = createMeeting(2)
    const addBoth = (first: string, second: string) =>
      commit(async (within) => {
        await add(within, first)
        await meet()
        await add(within, second)
      })
    await Promise.all([addBoth('a', 'b'), addBoth('b', 'a')])
    expect([await valueOf('a'), await valueOf('b')]).toEqual([2, 2])
    expect(repeats).toEqual(['change: deadlock'])
  })

  it('that cannot be serialized is run again on what is there now', async () => {
    const meet = createMeeting(2)
    const addToWhatWasRead = () =>
      commit(async (within) => {
        await sql`set transaction isolation level serializable`.execute(within)
        const { rows } = await sql<{ value: number }>`select value from numbers where name = 'a'`.execute(
          within,
        )
        await meet()
        await sql`update numbers set value = ${(rows[0]?.value ?? 0) + 1} where name = 'a'`.execute(within)
      })
    await Promise.all([addToWhatWasRead(), addToWhatWasRead()])
    expect(await valueOf('a')).toBe(2)
    expect(repeats).toEqual(['change: serialization-failure'])
  })

  it('whose connection broke before its commit is run again, and made once', async () => {
    const id = randomUUID()
    let runs = 0
    const change = async (within: Handle): Promise<void> => {
      runs += 1
      await write(within, id)
      if (runs === 1) await terminate(await pidOf(within))
      await add(within, 'c')
    }
    await commit(change)
    expect(runs).toBe(2)
    expect([await timesWritten(id), await valueOf('c')]).toEqual([1, 1])
    expect(repeats).toEqual(['change: connection-lost'])
    expect(losses).toBe(1)
  })

  it('of a store by itself is run again as well', async () => {
    const id = randomUUID()
    let runs = 0
    await inTransaction(database.kysely, async (transaction) => {
      runs += 1
      await write(transaction, id)
      if (runs === 1) await terminate(await pidOf(transaction))
      await add(transaction, 'c')
    })
    expect([runs, await timesWritten(id)]).toEqual([2, 1])
  })

  it('whose connection broke in its commit is not run again: it may have been made', async () => {
    await sql`create function break_off() returns trigger language plpgsql as $$
      begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(5); return null; end $$`.execute(
      test.kysely,
    )
    await sql`create constraint trigger break_off after insert on written
      deferrable initially deferred for each row execute function break_off()`.execute(test.kysely)
    let runs = 0
    const committed = commit(async (within) => {
      runs += 1
      await write(within, randomUUID())
    })
    await expect(committed).rejects.toBeInstanceOf(DatabaseLost)
    await sql`drop trigger break_off on written`.execute(test.kysely)
    expect(runs).toBe(1)
    expect(repeats).toEqual([])
  })

  it('that a server refuses which became a standby is made on a new connection', async () => {
    const name = sql.ref(new URL(test.url).pathname.slice(1))
    await sql`alter database ${name} set default_transaction_read_only = on`.execute(test.kysely)
    const moved = openDatabase({ url: test.url, poolMax: 1, logger: { warn: () => undefined } })
    await sql`select 1`.execute(moved.kysely)
    await sql`alter database ${name} reset default_transaction_read_only`.execute(test.kysely)
    const id = randomUUID()
    await inTransaction(moved.kysely, (transaction) => write(transaction, id))
    expect(await timesWritten(id)).toBe(1)
    await moved.close()
  })

  it('that is refused by its own rules is not run again', async () => {
    let runs = 0
    const refused = commit(() => {
      runs += 1
      return Promise.reject(new RangeError('no'))
    })
    await expect(refused).rejects.toThrow(RangeError)
    expect(runs).toBe(1)
  })

  it('that meets others for ever is given up', async () => {
    let runs = 0
    const hopeless = commit(async (within) => {
      runs += 1
      await sql`do $$ begin raise 'met' using errcode = 'deadlock_detected'; end $$`.execute(within)
    })
    await expect(hopeless).rejects.toMatchObject({ code: '40P01' })
    expect(runs).toBe(5)
  })
})

/** Runs it, breaks its connection once while it waits, and lets the next run through. */
async function breakOff<Result>(running: Promise<Result>, marker: string): Promise<Result> {
  const settled = running.catch(() => undefined)
  let pid: number | undefined
  await expect
    .poll(async () => {
      const { rows } = await sql<{ pid: number }>`
        select pid from pg_stat_activity
        where wait_event = 'PgSleep' and query like ${`%${marker}%`} and datname = current_database()`.execute(
        test.kysely,
      )
      pid = rows[0]?.pid
      return pid
    })
    .toBeDefined()
  await add(test.kysely, 'a')
  await terminate(pid ?? 0)
  await settled
  return running
}

/** Waits until `a` is no longer 0. */
const untilAdded = sql`case when (select value from numbers where name = 'a') > 0 then 'through'
  else (select 'slept' from pg_sleep(30)) end`

describe('a plan that a newer schema outdated', () => {
  const all = (handle: Handle) => sql`/* prepared: all-numbers */ select * from numbers`.execute(handle)

  it('is made anew on every connection, within changes and without', async () => {
    await all(database.kysely)
    await commit((within) => all(within))
    await sql`alter table numbers add column note text`.execute(test.kysely)
    const [first] = (await all(database.kysely)).rows
    expect(first).toHaveProperty('note')
    await sql`alter table numbers drop column note`.execute(test.kysely)
    const { rows } = await commit(async (within) => {
      await add(within, 'c')
      return all(within)
    })
    expect(rows[0]).not.toHaveProperty('note')
    expect(await valueOf('c')).toBe(1)
    expect(repeats).toEqual(['read: stale-plan', 'change: stale-plan'])
  })
})

describe('outside of transactions', () => {
  it('a read whose connection broke is run again', async () => {
    const reading = sql<{ how: string }>`select ${untilAdded} as how /* one */`.execute(database.kysely)
    expect((await breakOff(reading, 'one')).rows).toEqual([{ how: 'through' }])
    expect(repeats).toEqual(['read: connection-lost'])
  })

  it('a read that nobody waits for any more is not', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const reading = sql`select ${untilAdded} /* two */`.execute(database.kysely, { signal })
    controller.abort(new RangeError('too late'))
    await expect(reading).rejects.toThrow(RangeError)
    expect(repeats).toEqual([])
  })

  it('a statement that writes is not run again: it may have been done', async () => {
    const id = randomUUID()
    const writing = sql`
      with written_now as (insert into written values (${id}) returning id)
      select id, ${untilAdded} from written_now /* three */`.execute(database.kysely)
    await expect(breakOff(writing, 'three')).rejects.toBeInstanceOf(DatabaseLost)
    expect(await timesWritten(id)).toBe(0)
    expect(repeats).toEqual([])
  })

  it('a read on a reserved connection is not: what the session held is gone', async () => {
    const reading = database.kysely
      .connection()
      .execute((connection) => sql`select ${untilAdded} /* four */`.execute(connection))
    await expect(breakOff(reading, 'four')).rejects.toBeInstanceOf(DatabaseLost)
    expect(repeats).toEqual([])
  })

  it('a connection that heard its server’s last word is not handed out again', async () => {
    const one = openDatabase({ url: test.url, poolMax: 1, logger: { warn: () => undefined } })
    const writing = sql`update numbers set value = 1 where name = 'b' and (select ${untilAdded}) <> '' /* five */`
    await expect(breakOff(writing.execute(one.kysely), 'five')).rejects.toBeInstanceOf(DatabaseLost)
    // A write, which is not run again: it needs a living connection at once.
    await sql`update numbers set value = 7 where name = 'b'`.execute(one.kysely)
    expect(await valueOf('b')).toBe(7)
    await one.close()
  })
})
