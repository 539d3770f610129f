import { expect, test } from 'vitest'
import { ClockCorrection } from './clock-correction.ts'

const serverTimeMs = 1_800_000_000_000
const refusal = { code: 'clock-skew', message: '', permanent: false, status: 401, serverTimeMs }

test('a clock that is wrong is corrected by what the server says', () => {
  const clock = new ClockCorrection(() => serverTimeMs - 600_000)
  expect(clock.correctBy(refusal)).toBe(600_000)
  expect(clock.now()).toBe(serverTimeMs)
})

test('a clock that was set right meanwhile is corrected back', () => {
  let wall = serverTimeMs - 600_000
  const clock = new ClockCorrection(() => wall)
  clock.correctBy(refusal)
  wall = serverTimeMs
  expect(clock.correctBy(refusal)).toBe(0)
  expect(clock.now()).toBe(serverTimeMs)
})

test.each([
  ['the clock is right enough', { ...refusal, serverTimeMs: serverTimeMs + 29_000 }],
  ['the refusal is of another kind', { ...refusal, status: 503, serverTimeMs: 0 }],
  ['the server does not say its time', { code: '', message: '', permanent: false, status: 401 }],
])('nothing is corrected when %s', (_, refused) => {
  const clock = new ClockCorrection(() => serverTimeMs)
  expect(clock.correctBy(refused)).toBeUndefined()
  expect(clock.now()).toBe(serverTimeMs)
})
