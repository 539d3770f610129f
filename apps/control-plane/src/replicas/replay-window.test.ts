import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ReplayWindow } from './replay-window.ts'

describe('ReplayWindow', () => {
  it('accepts each number once, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 200 }), (numbers) => {
        const window = new ReplayWindow()
        const seen = new Set<number>()
        for (const number of numbers) {
          expect(window.accept(number)).toBe(!seen.has(number))
          seen.add(number)
        }
      }),
    )
  })

  it('takes what is older than the window for a replay, after any jump', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 50 }),
        (numbers) => {
          const window = new ReplayWindow()
          const seen = new Set<number>()
          for (const number of numbers) {
            const isTooOld = number <= Math.max(0, ...seen) - 65_536
            expect(window.accept(number)).toBe(!isTooOld && !seen.has(number))
            seen.add(number)
          }
        },
      ),
    )
  })
})
