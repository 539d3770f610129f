import { expect, test } from 'vitest'
import { acceptedHedgeDelayMs, hedgeDelayMs, lastResortDelayMs } from './hedge-delay.ts'

test.each([
  ['nothing is known', undefined, undefined, 10_000, 50],
  ['round trips are short', 3, undefined, 10_000, 50],
  ['round trips are long', 100, 20, 10_000, 400],
  ['only pings are known', undefined, 30, 10_000, 120],
  ['a later hedge would be of no use', 3000, undefined, 1000, 500],
])('before Accepted, when %s', (_, firstSignP95Ms, roundTripMs, budgetMs, expected) => {
  expect(hedgeDelayMs({ firstSignP95Ms, roundTripMs, budgetMs })).toBe(expected)
})

test.each([
  ['nothing is known', undefined, 50, 10_000, 500],
  ['reviews are quick: not before a silent one would be hedged', 8, 50, 10_000, 50],
  ['reviews are slow', 900, 50, 10_000, 900],
  ['a later hedge would be of no use', 9000, 50, 4000, 2000],
])('after Accepted, when %s', (_, p99, before, budgetMs, expected) => {
  expect(acceptedHedgeDelayMs(p99, before, budgetMs)).toBe(expected)
})

test.each([
  ['silent', 50, 50, 10_000, 500],
  ['accepted and slow', 900, 50, 10_000, 900],
  ['asked late', 50, 50, 600, 300],
])('where all others are out, of one that is %s', (_, allowedMs, before, budgetMs, expected) => {
  expect(lastResortDelayMs(allowedMs, before, budgetMs)).toBe(expected)
})
