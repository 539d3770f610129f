import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readRetryAfter } from './read-retry-after.ts'

const now = Date.parse('2026-11-22T10:00:00Z')

it.each([
  [undefined, undefined],
  ['0', 0],
  ['7', 7],
  ['301', 300],
  ['Sun, 22 Nov 2026 10:00:05 GMT', 5],
  ['Sun, 22 Nov 2026 09:00:00 GMT', 0],
  ['soon', undefined],
])('reads %j as %j seconds', (text, seconds) => {
  expect(readRetryAfter(text === undefined ? {} : { 'retry-after': text }, now)).toBe(seconds)
})

it('is a whole number from 0 to 300, or nothing', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const seconds = readRetryAfter({ 'retry-after': text }, now)
      expect(seconds === undefined || (Number.isInteger(seconds) && seconds >= 0 && seconds <= 300)).toBe(
        true,
      )
    }),
  )
})
