import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RetryBudget } from './retry-budget.ts'

function budgetOf(liveReviews: number): RetryBudget {
  const budget = new RetryBudget()
  for (let count = 0; count < liveReviews; count += 1) budget.reviewStarted()
  return budget
}

function takenOf(budget: RetryBudget): number {
  let taken = 0
  while (budget.take()) taken += 1
  return taken
}

test.each([
  [1, 3],
  [15, 3],
  [20, 4],
  [1000, 200],
])('of %d live reviews, %d second askings are under way at most', (live, extras) => {
  expect(takenOf(budgetOf(live))).toBe(extras)
})

describe('who waits', () => {
  test('is served when there is room, in order, one for each release', () => {
    const budget = budgetOf(1)
    takenOf(budget)
    const served: number[] = []
    for (const number of [1, 2, 3]) budget.wait(() => served.push(number))
    expect(served).toEqual([])
    budget.release()
    expect(served).toEqual([1])
    budget.release()
    budget.release()
    expect(served).toEqual([1, 2, 3])
  })

  test('is served at once when there is room', () => {
    let isServed = false
    budgetOf(1).wait(() => (isServed = true))
    expect(isServed).toBe(true)
  })

  test('is not overtaken by who comes later', () => {
    const budget = budgetOf(1)
    takenOf(budget)
    budget.wait(() => undefined)
    for (let count = 0; count < 20; count += 1) budget.reviewStarted()
    expect(budget.take()).toBe(false)
  })

  test('may withdraw', () => {
    const budget = budgetOf(1)
    takenOf(budget)
    const withdraw = budget.wait(() => expect.fail('was withdrawn'))
    withdraw()
    budget.release()
    expect(budget.take()).toBe(true)
  })
})

test('whatever is started, taken, waited for and released, the limit holds and nothing is lost', () => {
  const steps = fc.array(fc.constantFrom('start', 'end', 'take', 'wait', 'release'), { maxLength: 300 })
  fc.assert(
    fc.property(steps, (steps) => {
      const budget = new RetryBudget()
      let [live, held] = [0, 0]
      const grant = (): void => {
        held += 1
        expect(held).toBeLessThanOrEqual(Math.max(3, live * 0.2))
      }
      const play: Record<string, () => void> = {
        start: () => {
          live += 1
          budget.reviewStarted()
        },
        end: () => {
          if (live === 0) return
          live -= 1
          budget.reviewEnded()
        },
        take: () => {
          if (budget.take()) grant()
        },
        wait: () => {
          budget.wait(grant)
        },
        release: () => {
          if (held === 0) return
          held -= 1
          budget.release()
        },
      }
      for (const step of steps) {
        play[step]?.()
        expect(budget.extras).toBe(held)
      }
    }),
  )
})
