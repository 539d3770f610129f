import { describe, expect, it } from 'vitest'
import { startRemovingExpiredRows } from './remove-expired-rows.ts'

describe('removing expired rows', () => {
  it('goes on in bounded batches until nothing is left, again at every turn', async () => {
    let left = 2500
    const batches: number[] = []
    const removing = startRemovingExpiredRows({
      removals: [
        async (rowsMax) => {
          const removed = Math.min(left, rowsMax)
          left -= removed
          batches.push(removed)
          return removed
        },
      ],
      onFailed: (error) => {
        throw error
      },
      intervalMs: 10,
    })
    await expect.poll(() => batches).toEqual(expect.arrayContaining([1000, 1000, 500]))
    left = 1
    await expect.poll(() => batches).toContain(1)
    await removing.close()
    const turns = batches.length
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(batches).toHaveLength(turns)
  })

  it('reports a removal that fails, and still does the others', async () => {
    const failures: unknown[] = []
    let others = 0
    const removing = startRemovingExpiredRows({
      removals: [
        () => Promise.reject(new Error('no database')),
        async () => {
          others += 1
          return 0
        },
      ],
      onFailed: (error) => failures.push(error),
      intervalMs: 5,
    })
    await expect.poll(() => others).toBeGreaterThan(1)
    await removing.close()
    expect(failures.length).toBeGreaterThan(1)
    expect(failures[0]).toMatchObject({ message: 'no database' })
  })
})
