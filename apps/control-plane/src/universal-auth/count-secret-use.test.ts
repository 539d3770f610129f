import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCountSecretUse } from './count-secret-use.ts'

describe('the uses of a client secret', () => {
  it('are counted together while a statement is under way, and each secret by itself', async () => {
    const statements: [id: string, uses: number][] = []
    const ends: (() => void)[] = []
    const countUse = createCountSecretUse(async (id, uses) => {
      statements.push([id, uses])
      await new Promise<void>((resolve) => ends.push(resolve))
      return uses
    })
    const first = [countUse('a'), countUse('b'), countUse('a'), countUse('a')]
    expect(statements).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    for (const end of ends) end()
    await expect.poll(() => statements).toContainEqual(['a', 2])
    for (const end of ends) end()
    expect(await Promise.all(first)).toEqual([true, true, true, true])
    const later = countUse('a')
    expect(statements).toHaveLength(4)
    for (const end of ends) end()
    expect(await later).toBe(true)
  })

  it('are refused to those alone for whom none is left, whatever arrives together', async () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(pauses, fc.integer({ min: 0, max: 20 }), async (turns, limit) => {
        let left = limit
        const countUse = createCountSecretUse(async (_id, uses) => {
          const granted = Math.min(uses, left)
          left -= granted
          await Promise.resolve()
          return granted
        })
        const uses = turns.map(async (count) => {
          for (let turn = 0; turn < count; turn += 1) await Promise.resolve()
          return countUse('a')
        })
        const used = (await Promise.all(uses)).filter(Boolean)
        expect(used).toHaveLength(Math.min(limit, turns.length))
      }),
    )
  })

  it('that could not be counted are told so, and the next are counted again', async () => {
    let isBroken = true
    const countUse = createCountSecretUse(async (_id, uses) => {
      if (isBroken) throw new Error('no database')
      return uses
    })
    await expect(countUse('a')).rejects.toThrow('no database')
    isBroken = false
    expect(await countUse('a')).toBe(true)
  })
})
