import { describe, expect, it } from 'vitest'
import { closeInPhases } from './close-in-phases.ts'

const silent = { info: () => undefined, warn: () => undefined }

describe('closing in phases', () => {
  it('goes on past a phase that fails, throws at once, or never ends', async () => {
    const closed: string[] = []
    const warnings: unknown[] = []
    const phase = (name: string, close: () => Promise<unknown>) => ({ name, budgetMs: 10, close })
    await closeInPhases(
      [
        phase('failing', () => Promise.reject(new Error('no'))),
        phase('throwing', () => {
          throw new Error('no')
        }),
        phase('endless', () => new Promise(() => undefined)),
        phase('good', async () => closed.push('good')),
      ],
      { ...silent, warn: (fields) => void warnings.push(fields) },
    )
    expect(closed).toEqual(['good'])
    expect(warnings).toMatchObject([
      { phase: 'failing' },
      { phase: 'throwing' },
      { phase: 'endless', budgetMs: 10 },
    ])
  })

  it('waits for one phase before the next', async () => {
    const order: string[] = []
    const slowly = (name: string) => ({
      name,
      budgetMs: 1000,
      close: async () => {
        order.push(`${name} begins`)
        await new Promise((resolve) => setImmediate(resolve))
        order.push(`${name} ends`)
      },
    })
    await closeInPhases([slowly('one'), slowly('two')], silent)
    expect(order).toEqual(['one begins', 'one ends', 'two begins', 'two ends'])
  })

  it('says at the end what each took, and what they had', async () => {
    const said: object[] = []
    const quickly = (name: string) => ({ name, budgetMs: 1000, close: () => Promise.resolve() })
    await closeInPhases([quickly('one'), quickly('two')], {
      ...silent,
      info: (fields) => void said.push(fields),
    })
    expect(said).toEqual([{ tookMs: { one: expect.any(Number), two: expect.any(Number) }, budgetMs: 2000 }])
  })
})
