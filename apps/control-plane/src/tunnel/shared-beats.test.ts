import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SharedBeats } from './shared-beats.ts'

let beats: SharedBeats
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  beats = new SharedBeats(() => performance.now())
})
afterEach(() => {
  vi.useRealTimers()
})

test('many beats share one timer, and each comes once an interval', () => {
  const counts = Array.from({ length: 100 }, () => 0)
  const stops = counts.map((_, index) => {
    vi.advanceTimersByTime(30)
    return beats.every(3000, () => {
      counts[index] = (counts[index] ?? 0) + 1
    })
  })
  expect(vi.getTimerCount()).toBe(1)
  const before = [...counts]
  vi.advanceTimersByTime(30_000)
  const since = counts.map((count, index) => count - (before[index] ?? 0))
  expect(Math.min(...since)).toBeGreaterThanOrEqual(9)
  expect(Math.max(...since)).toBeLessThanOrEqual(11)
  for (const stop of stops) stop()
  expect(vi.getTimerCount()).toBe(0)
})

test.each([3000, 50, 10, 1])('a beat of %d ms comes neither much early nor late', (intervalMs) => {
  vi.advanceTimersByTime(777)
  const startedAt = performance.now()
  const at: number[] = []
  const stop = beats.every(intervalMs, () => at.push(performance.now()))
  vi.advanceTimersByTime(intervalMs * 20)
  stop()
  for (const [index, moment] of at.slice(0, 18).entries()) {
    const due = startedAt + (index + 1) * intervalMs
    expect(Math.abs(moment - due)).toBeLessThanOrEqual(Math.max(intervalMs / 16, 5))
  }
  expect(at.length).toBeGreaterThanOrEqual(18)
})

test('after a long sleep each beats once, and goes on as before', () => {
  let count = 0
  beats.every(3000, () => (count += 1))
  vi.advanceTimersByTime(3100)
  expect(count).toBe(1)
  vi.spyOn(performance, 'now').mockReturnValue(600_000)
  vi.advanceTimersByTime(100)
  expect(count).toBe(2)
  vi.restoreAllMocks()
})

test('a beat that stops others, or is stopped twice, harms nobody', () => {
  const heard: string[] = []
  const stopOther = beats.every(3000, () => heard.push('other'))
  const stop = beats.every(3000, () => {
    heard.push('one')
    stopOther()
    stop()
    stop()
  })
  beats.every(3000, () => heard.push('last'))
  vi.advanceTimersByTime(6100)
  expect(heard).toEqual(['other', 'one', 'last', 'last'])
})
