import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Frame } from '../frames.ts'
import { RoundTrip } from './round-trip.ts'

describe('the round trip of a connection', () => {
  let now = 0
  let pings: number[] = []
  let roundTrip: RoundTrip

  beforeEach(() => {
    vi.useFakeTimers()
    now = 0
    pings = []
    const send = (frame: Frame): void => {
      if (frame.kind === 'ping') pings.push(frame.nonce)
    }
    roundTrip = new RoundTrip({ send, elapsed: () => now })
  })

  afterEach(() => {
    roundTrip.stop()
    vi.useRealTimers()
  })

  function pass(ms: number): void {
    now += ms
    vi.advanceTimersByTime(ms)
  }

  test('is the shortest of five pings, of which the first meets code that has never run', () => {
    roundTrip.start()
    for (let count = 1; count < 30; count += 1) pass(4)
    expect(new Set(pings).size).toBe(5)
    expect(roundTrip.ms).toBeUndefined()
    const sentAt = [0, 4, 12, 28, 60]
    const answer = (index: number, tookMs: number): void => {
      now = (sentAt[index] ?? 0) + tookMs
      roundTrip.answered(pings[index] ?? 0)
    }
    answer(0, 38)
    expect(roundTrip.ms).toBe(38)
    answer(1, 40)
    answer(2, 24)
    answer(4, 31)
    expect(roundTrip.ms).toBe(24)
  })

  test('is what somebody else measured, when that is shorter, and never longer again', () => {
    roundTrip.learn(30)
    roundTrip.learn(20)
    roundTrip.learn(25)
    expect(roundTrip.ms).toBe(20)
  })

  test('says nothing by an answer to a ping of somebody else, and pings no more after its end', () => {
    roundTrip.start()
    roundTrip.answered(1)
    roundTrip.answered((pings[0] ?? 0) + 4)
    expect(roundTrip.ms).toBeUndefined()
    roundTrip.stop()
    pass(100)
    expect(pings).toHaveLength(1)
  })
})
