import { describe, expect, it } from 'vitest'

import { AuditProgress, type ReadinessOptions, createReadiness } from './probes.ts'

const well: ReadinessOptions = {
  pingDatabase: () => Promise.resolve(),
  phase: () => 'running',
  isAuditLogStuck: () => false,
  isNatsConnected: () => true,
  nowMs: () => 0,
}

describe('createReadiness', () => {
  it.each<[string, Partial<ReadinessOptions>, string[]]>([
    ['all is well', {}, []],
    [
      'it starts, without asking the database',
      { phase: () => 'starting', pingDatabase: () => Promise.reject(new Error('x')) },
      ['starting'],
    ],
    ['it drains', { phase: () => 'draining' }, ['draining']],
    [
      'the database refuses',
      { pingDatabase: () => Promise.reject(new Error('host db-1')) },
      ['database-unreachable'],
    ],
    [
      'the database is silent',
      { pingDatabase: () => new Promise(() => undefined), pingMsMax: 10 },
      ['database-unreachable'],
    ],
    ['the audit log is stuck', { isAuditLogStuck: () => true }, ['audit-log-stuck']],
    [
      'several things are wrong',
      { phase: () => 'draining', isAuditLogStuck: () => true },
      ['draining', 'audit-log-stuck'],
    ],
  ])('says so when %s', async (_name, wrong, reasons) => {
    expect(await createReadiness({ ...well, ...wrong })()).toEqual({
      ready: reasons.length === 0,
      reasons,
      warnings: [],
    })
  })

  it('stays ready while NATS is away, and says so', async () => {
    expect(await createReadiness({ ...well, isNatsConnected: () => false })()).toEqual({
      ready: true,
      reasons: [],
      warnings: ['nats-disconnected'],
    })
  })

  it('asks the database at most once a second, however often it is asked itself', async () => {
    let now = 0
    let pings = 0
    const readiness = createReadiness({
      ...well,
      nowMs: () => now,
      pingDatabase: () => {
        pings += 1
        return pings === 1 ? Promise.resolve() : Promise.reject(new Error('gone'))
      },
    })
    const answers = await Promise.all(Array.from({ length: 50 }, () => readiness()))
    expect(answers.every(({ ready }) => ready)).toBe(true)
    now = 999
    expect((await readiness()).ready).toBe(true)
    expect(pings).toBe(1)
    now = 1_000
    expect((await readiness()).ready).toBe(false)
    expect(pings).toBe(2)
  })
})

describe('AuditProgress', () => {
  it('is stuck when rows wait and none was committed for 5 s', () => {
    let now = 0
    const progress = new AuditProgress(() => now)
    now = 60_000
    expect(progress.isStuck()).toBe(false)
    progress.queued(3)
    now = 65_000
    expect(progress.isStuck()).toBe(false)
    now = 65_001
    expect(progress.isStuck()).toBe(true)
    progress.flushed({ isCommitted: false })
    expect(progress.isStuck()).toBe(true)
    progress.flushed({ isCommitted: true })
    expect(progress.isStuck()).toBe(false)
    now = 80_000
    expect(progress.isStuck()).toBe(true)
    progress.queued(0)
    expect(progress.isStuck()).toBe(false)
  })
})
