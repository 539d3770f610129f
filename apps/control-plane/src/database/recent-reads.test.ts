import { describe, expect, it } from 'vitest'
import { createRecentReads } from './recent-reads.ts'

function fixture(entriesMax = 10) {
  const state = { nowMs: 0, stored: 'old', reads: 0, isBroken: false }
  const reads = createRecentReads({
    read: async (id) => {
      state.reads += 1
      if (state.isBroken) throw new Error('no database')
      return `${id} ${state.stored}`
    },
    nowMs: () => state.nowMs,
    ageMsMax: 1000,
    entriesMax,
  })
  return { state, reads }
}

describe('recent reads', () => {
  it('read once as long as nothing is too old', async () => {
    const { state, reads } = fixture()
    expect(await Promise.all([reads.find('a'), reads.find('a')])).toEqual(['a old', 'a old'])
    state.nowMs = 999
    state.stored = 'new'
    expect([await reads.find('a'), state.reads]).toEqual(['a old', 1])
    state.nowMs = 1000
    expect(await reads.find('a')).toBe('a new')
  })

  it('forget at once, also what is being read', async () => {
    const { state, reads } = fixture()
    const early = reads.find('a')
    state.stored = 'new'
    reads.forget('a')
    expect([await reads.find('a'), await early]).toEqual(['a new', 'a old'])
    expect(await reads.find('a')).toBe('a new')
  })

  it('remember no failure', async () => {
    const { state, reads } = fixture()
    state.isBroken = true
    await expect(reads.find('a')).rejects.toThrow('no database')
    state.isBroken = false
    expect(await reads.find('a')).toBe('a old')
  })

  it('are bounded: what was read longest ago goes first', async () => {
    const { state, reads } = fixture(2)
    for (const id of ['a', 'b', 'c', 'b', 'a']) await reads.find(id)
    expect(state.reads).toBe(4)
  })
})
