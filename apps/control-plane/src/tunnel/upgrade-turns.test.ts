import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { UpgradeTurns } from './upgrade-turns.ts'

let stalledMs: number
let turns: UpgradeTurns
let givenAt: number[]
const here = (): boolean => false
const now = (): number => performance.now() + stalledMs

/** Takes a turn, is settled at once, and notes when. */
async function take(): Promise<void> {
  if (!(await turns.next(here))) return
  givenAt.push(now())
  turns.settled()
}

/** A moment in which nothing runs: timers are late by it. */
function stall(ms: number): void {
  stalledMs += ms
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  stalledMs = 0
  givenAt = []
  turns = new UpgradeTurns({ perSecond: 100, underWayMax: 4, elapsed: now })
})
afterEach(() => {
  vi.useRealTimers()
})

function mostInAnySecond(): number {
  return Math.max(...givenAt.map((from) => givenAt.filter((at) => at >= from && at < from + 1000).length))
}

function closest(): number {
  return Math.min(...givenAt.slice(1).map((at, index) => at - (givenAt[index] ?? 0)))
}

describe('turns of those who dial', () => {
  test('come at once when nobody was before', async () => {
    await take()
    expect(givenAt).toEqual([0])
    await vi.advanceTimersByTimeAsync(5000)
    await take()
    expect(givenAt).toEqual([0, 5000])
  })

  test('come one after the other at the rate', async () => {
    for (let index = 0; index < 500; index += 1) void take()
    expect(turns.waitMs).toBe(500 * 10)
    await vi.advanceTimersByTimeAsync(5000)
    expect(givenAt).toHaveLength(500)
    expect(closest()).toBe(10)
  })

  test('P8 that were missed while the event loop stood still are not made up for', async () => {
    for (let index = 0; index < 1000; index += 1) void take()
    await vi.advanceTimersByTimeAsync(500)
    expect(givenAt.length).toBeGreaterThan(45)
    for (let stalls = 0; stalls < 5; stalls += 1) {
      stall(900)
      await vi.advanceTimersByTimeAsync(300)
    }
    expect(mostInAnySecond()).toBeLessThanOrEqual(110)
    expect(closest()).toBeGreaterThanOrEqual(6.5)
  })

  test('keep the rate though each comes a little late', async () => {
    for (let index = 0; index < 1000; index += 1) void take()
    for (let delays = 0; delays < 100; delays += 1) {
      stall(4)
      await vi.advanceTimersByTimeAsync(16)
    }
    expect(givenAt.length).toBeGreaterThan(190)
    expect(givenAt.length).toBeLessThanOrEqual(201)
  })

  test('come slower while the event loop is late, and at the rate again when it is not', async () => {
    for (let index = 0; index < 1000; index += 1) void take()
    for (let stalls = 0; stalls < 50; stalls += 1) {
      stall(30)
      await vi.advanceTimersByTimeAsync(15)
    }
    expect(turns.spacingMs).toBeGreaterThan(12)
    await vi.advanceTimersByTimeAsync(2000)
    expect(turns.spacingMs).toBeCloseTo(10, 1)
  })

  test('wait for those who are still being looked at', async () => {
    const given: number[] = []
    for (let index = 0; index < 6; index += 1) void turns.next(here).then(() => given.push(index))
    await vi.advanceTimersByTimeAsync(1000)
    expect(given).toEqual([0, 1, 2, 3])
    turns.settled()
    await vi.advanceTimersByTimeAsync(1000)
    expect(given).toEqual([0, 1, 2, 3, 4])
  })

  test('are expected as late as they have come lately', async () => {
    const takeLong = async (): Promise<void> => {
      await turns.next(here)
      await new Promise((resolve) => setTimeout(resolve, 400))
      turns.settled()
    }
    for (let index = 0; index < 300; index += 1) void takeLong()
    await vi.advanceTimersByTimeAsync(10_000)
    // Four at a time, each for 400 ms.
    expect(turns.spacingMs).toBeGreaterThan(80)
    expect(turns.waitMs).toBeGreaterThan(15_000)
  })

  test('are not spent on who has gone', async () => {
    void take()
    const gone = [1, 2, 3].map(() => turns.next(() => true))
    void take()
    await vi.advanceTimersByTimeAsync(10)
    expect(givenAt).toEqual([0, 10])
    expect(await Promise.all(gone)).toEqual([false, false, false])
  })
})
