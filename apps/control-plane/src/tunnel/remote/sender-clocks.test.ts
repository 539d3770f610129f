import { expect, test } from 'vitest'
import { SenderClocks } from './sender-clocks.ts'

function clocksAt(start: number) {
  const time = { now: start }
  return { time, clocks: new SenderClocks(() => time.now) }
}

test('a message is as late as it is slower than the fastest one, whatever the clocks say', () => {
  const { time, clocks } = clocksAt(1_000_000)
  expect(clocks.latenessMs('one', 50)).toBe(0)
  time.now += 1000
  expect(clocks.latenessMs('one', 1050)).toBe(0)
  expect(clocks.latenessMs('one', 1050 - 300)).toBe(300)
  expect(clocks.latenessMs('one', 1050 + 4)).toBe(0)
  expect(clocks.latenessMs('one', 1050)).toBe(4)
})

test('each process has a clock of its own, and one that drifts is followed', () => {
  const { time, clocks } = clocksAt(0)
  expect(clocks.latenessMs('one', 500)).toBe(0)
  expect(clocks.latenessMs('two', 0)).toBe(0)
  expect(clocks.latenessMs('one', 400)).toBe(100)
  // Its clock loses 50 ms from word to word.
  for (let word = 1; word <= 3; word += 1) {
    time.now += 5_001
    clocks.latenessMs('one', time.now + 500 - 50 * word)
  }
  expect(clocks.latenessMs('one', time.now + 500 - 150)).toBeLessThanOrEqual(50)
})
