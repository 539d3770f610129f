import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { type ReplicaKind, type ReplicaLock, type ReplicaRefusal, takeReplicaLock } from './replica-lock.ts'
import { runStatement } from './test/run-statement.ts'
import { type TestDatabase, createTestDatabase } from './test/create-test-database.ts'

interface Taken {
  refusal: ReplicaRefusal | undefined
  lock: ReplicaLock | undefined
  losses: ReplicaRefusal[]
  log: string[]
}

describe('takeReplicaLock', () => {
  let database: TestDatabase
  const locks: ReplicaLock[] = []
  beforeEach(async () => {
    database = await createTestDatabase()
  })
  afterEach(async () => {
    await Promise.all(locks.splice(0).map((lock) => lock.release()))
    await database.close()
  })

  async function take(kind: ReplicaKind, replicaId: string, waitMsMax = 300): Promise<Taken> {
    const losses: ReplicaRefusal[] = []
    const log: string[] = []
    const write = (_fields: object, message: string): void => {
      log.push(message)
    }
    const outcome = await takeReplicaLock({
      url: database.url,
      kind,
      replicaId,
      log: { info: write, warn: write },
      onLoss: (refusal) => losses.push(refusal),
      waitMsMax,
      pingIntervalMs: 200,
    })
    const lock = 'lock' in outcome ? outcome.lock : undefined
    if (lock !== undefined) locks.push(lock)
    return { refusal: 'refusal' in outcome ? outcome.refusal : undefined, lock, losses, log }
  }

  const endConnectionsOf = (replicaId: string): Promise<unknown> =>
    runStatement(
      database.url,
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'postern replica ${replicaId}'`,
    )

  it('lets one replica in that is alone, and tells the next one who is there', async () => {
    expect((await take('one', 'first')).refusal).toBeUndefined()
    const taken = { kind: 'taken', by: 'one', holders: ['first'] }
    expect((await take('one', 'second')).refusal).toEqual(taken)
    expect((await take('several', 'third')).refusal).toEqual(taken)
  })

  it('lets any number in that are connected, and no lonely one beside them', async () => {
    for (const id of ['a', 'b', 'c']) expect((await take('several', id)).refusal).toBeUndefined()
    expect((await take('one', 'd')).refusal).toEqual({
      kind: 'taken',
      by: 'several',
      holders: ['a', 'b', 'c'],
    })
  })

  it('lets no two in with the same id', async () => {
    await take('several', 'twin')
    expect((await take('several', 'twin')).refusal).toEqual({ kind: 'same-id' })
    expect((await take('several', 'other')).refusal).toBeUndefined()
  })

  it('waits for one that is just leaving', async () => {
    const first = await take('one', 'first')
    const second = take('one', 'second', 10_000)
    await first.lock?.release()
    expect((await second).refusal).toBeUndefined()
  })

  it('leaves nothing taken where it was refused', async () => {
    const first = await take('several', 'first')
    await take('one', 'second')
    await first.lock?.release()
    expect((await take('one', 'second')).refusal).toBeUndefined()
  })

  it('knows of the same replica in another database nothing', async () => {
    const other = await createTestDatabase()
    await take('one', 'first')
    const outcome = await takeReplicaLock({
      url: other.url,
      kind: 'one',
      replicaId: 'first',
      log: { info: () => undefined, warn: () => undefined },
      onLoss: () => undefined,
    })
    expect(outcome).toHaveProperty('lock')
    if ('lock' in outcome) await outcome.lock.release()
    await other.close()
  })

  it('takes its place again when the connection was lost', async () => {
    const first = await take('one', 'first')
    await endConnectionsOf('first')
    await vi.waitFor(() => expect(first.log).toContain('has its place among the replicas again'), 10_000)
    expect(first.losses).toEqual([])
    expect((await take('one', 'second')).refusal).toMatchObject({ holders: ['first'] })
  })

  it('says that its place is lost when somebody else took it meanwhile', async () => {
    const first = await take('one', 'first')
    // It is there before the lost one is: it asks without a pause.
    const second = take('one', 'second', 10_000)
    await new Promise((resolve) => setTimeout(resolve, 250))
    const ending = setInterval(() => void endConnectionsOf('first'), 20)
    expect((await second).refusal).toBeUndefined()
    clearInterval(ending)
    await vi.waitFor(
      () => expect(first.losses).toEqual([{ kind: 'taken', by: 'one', holders: ['second'] }]),
      10_000,
    )
  })
})
