import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createIdentityCache } from './identity-cache.ts'
import type { IdentityCore } from './identity-store.ts'

function createSubject() {
  let nowMs = 0
  const rows = new Map<string, IdentityCore>()
  const reads: string[] = []
  const store = {
    findById: async (id: string) => {
      reads.push(id)
      if (id === failingId) throw new Error('database gone')
      return rows.get(id)
    },
  }
  const cache = createIdentityCache({ store, clock: { nowMs: () => 5000 + nowMs }, nowMs: () => nowMs })
  const put = (id: string, isDisabled: boolean) =>
    rows.set(id, {
      id,
      organizationId: 'org',
      name: 'ci',
      role: 'admin',
      isDisabled,
      hasDeleteProtection: false,
    })
  return { cache, reads, put, sleep: (ms: number) => (nowMs += ms) }
}

const failingId = randomUUID()

describe('the identity cache', () => {
  it('asks the database about nothing that is no UUID', async () => {
    const { cache, reads } = createSubject()
    expect(await cache.findIdentity("' or 1=1")).toBeUndefined()
    expect(reads).toEqual([])
  })

  it('T46 holds nothing longer than a second', async () => {
    const { cache, reads, put, sleep } = createSubject()
    const id = randomUUID()
    put(id, false)
    await cache.findIdentity(id)
    put(id, true)
    sleep(999)
    expect((await cache.findIdentity(id.toUpperCase()))?.isDisabled).toBe(false)
    sleep(1)
    expect((await cache.findIdentity(id))?.isDisabled).toBe(true)
    expect(reads).toEqual([id, id])
  })

  it('T46 says when the database began to be asked', async () => {
    const { cache, put, sleep } = createSubject()
    const id = randomUUID()
    put(id, false)
    const underWay = cache.findIdentity(id)
    sleep(400)
    expect(await underWay).toMatchObject({ readAtMs: 5000 })
    expect(await cache.findIdentity(id)).toMatchObject({ readAtMs: 5000 })
    cache.forget(id)
    expect(await cache.findIdentity(id)).toMatchObject({ readAtMs: 5400 })
  })

  it('T46 holds nothing after a change in this process, even where a read was under way', async () => {
    const { cache, put } = createSubject()
    const id = randomUUID()
    put(id, false)
    const underWay = cache.findIdentity(id)
    put(id, true)
    cache.forget(id)
    await underWay
    expect((await cache.findIdentity(id))?.isDisabled).toBe(true)
  })

  it('does not remember a failure', async () => {
    const { cache, reads } = createSubject()
    await expect(cache.findIdentity(failingId)).rejects.toThrow('database gone')
    await expect(cache.findIdentity(failingId)).rejects.toThrow('database gone')
    expect(reads).toHaveLength(2)
  })

  it('reads once for many who ask at the same time, and remembers that there is nothing', async () => {
    const { cache, reads } = createSubject()
    const id = randomUUID()
    expect(await Promise.all([cache.findIdentity(id), cache.findIdentity(id)])).toEqual([
      undefined,
      undefined,
    ])
    expect(reads).toEqual([id])
  })

  it('keeps no more than 10,000, whatever strangers ask for', async () => {
    const { cache, reads } = createSubject()
    const first = randomUUID()
    await cache.findIdentity(first)
    for (let asked = 0; asked < 10_000; asked += 1) await cache.findIdentity(randomUUID())
    await cache.findIdentity(first)
    expect(reads.filter((id) => id === first)).toHaveLength(2)
  })
})
