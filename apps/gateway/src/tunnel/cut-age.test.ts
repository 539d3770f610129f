import { expect, test } from 'vitest'
import { CutAge } from './cut-age.ts'

function after(ages: readonly number[], now = 0, random = 0): number | undefined {
  const cutAge = new CutAge()
  for (const age of ages) cutAge.cut(age, 0)
  return cutAge.reliefAfterMs(now, random)
}

test.each<[readonly number[], number | undefined]>([
  [[], undefined],
  [[300_000], undefined],
  [[300_000, 100_000], undefined],
  [[300_000, 300_400], 240_000],
  [[1000, 300_000, 290_000], 232_000],
  [[300_000, 300_000, 60_000], 240_000],
  [[300_000, 300_000, 60_000, 60_000], 48_000],
  [[100, 100, 100], undefined],
  [[86_400_000, 86_400_000], 69_120_000],
  [[3_000_000_000, 3_000_000_000], undefined],
])('after cuts at %j a tunnel gives way after %j', (ages, expected) => {
  expect(after(ages)).toBe(expected)
})

test('it gives way a little earlier by chance, and looks again after an hour', () => {
  expect(after([10_000, 10_000], 0, 1)).toBe(6_500)
  expect(after([300_000, 300_000], 3_599_999)).toBe(240_000)
  expect(after([300_000, 300_000], 3_600_000)).toBeUndefined()
})

test('of a control plane that crashed twice soon after its start it is wary for no longer than a while', () => {
  expect(after([3_000, 3_000], 59_999)).toBe(2_400)
  expect(after([3_000, 3_000], 60_000)).toBeUndefined()
})
