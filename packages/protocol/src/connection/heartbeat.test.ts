import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Frame } from '../frames.ts'
import { Heartbeat } from './heartbeat.ts'

let sent: Frame[]
let silent: number
let heartbeat: Heartbeat
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  sent = []
  silent = 0
  heartbeat = new Heartbeat({
    intervalMs: 3000,
    send: (frame) => sent.push(frame),
    inFlight: () => 4,
    silent: () => {
      silent += 1
    },
  })
})
afterEach(() => {
  heartbeat.stop()
  vi.useRealTimers()
})

describe('a heartbeat', () => {
  test('pings at once and every interval, with what is in flight', () => {
    for (let beat = 0; beat < 3; beat++) {
      heartbeat.heard()
      vi.advanceTimersByTime(3000)
    }
    expect(sent).toEqual(
      [1, 2, 3, 4].map((nonce) => ({ kind: 'ping', nonce, inFlight: 4, eventLoopLagMs: 0 })),
    )
  })

  test.each([0, 1, 1500, 2999])(
    'notices within 9 s a peer that was last heard %d ms after a ping',
    (lastHeardMs) => {
      vi.advanceTimersByTime(lastHeardMs)
      heartbeat.heard()
      vi.advanceTimersByTime(8999 - lastHeardMs)
      expect(silent).toBe(0)
      expect(heartbeat.isSuspect).toBe(true)
      vi.advanceTimersByTime(1)
      expect(silent).toBe(1)
      expect(vi.getTimerCount()).toBe(0)
    },
  )

  test('holds on to a peer that misses every other interval', () => {
    for (let beat = 0; beat < 10; beat++) {
      vi.advanceTimersByTime(6000)
      heartbeat.heard()
    }
    expect(silent).toBe(0)
  })

  test('does not blame the peer for an interval that this process slept through', () => {
    vi.advanceTimersByTime(3000)
    const wakesAt = performance.now() + 63_000
    vi.spyOn(performance, 'now').mockReturnValue(wakesAt)
    vi.advanceTimersByTime(3000)
    expect(heartbeat.isSuspect).toBe(false)
    expect(sent.at(-1)).toMatchObject({ eventLoopLagMs: 60_000 })
    vi.restoreAllMocks()
  })

  test('answers a ping with its nonce and learns the load of the peer', () => {
    heartbeat.onPing({ kind: 'ping', nonce: 99, inFlight: 7, eventLoopLagMs: 3 })
    expect(sent.at(-1)).toEqual({ kind: 'pong', nonce: 99, inFlight: 4, eventLoopLagMs: 0 })
    expect(heartbeat.peer).toEqual({ inFlight: 7, eventLoopLagMs: 3 })
  })

  test('pings with its answer to a peer that leads, and then not by its own timer', () => {
    const kinds = (): string[] => sent.splice(0).map(({ kind }) => kind)
    expect(kinds()).toEqual(['ping'])
    for (let round = 0; round < 5; round++) {
      vi.advanceTimersByTime(round === 0 ? 2000 : 3000)
      heartbeat.heard()
      heartbeat.onPing({ kind: 'ping', nonce: round, inFlight: 0, eventLoopLagMs: 0 })
      expect(kinds()).toEqual(['pong', 'ping'])
    }
  })

  test('pings by its own timer again when the peer leads no more', () => {
    vi.advanceTimersByTime(2000)
    heartbeat.heard()
    heartbeat.onPing({ kind: 'ping', nonce: 1, inFlight: 0, eventLoopLagMs: 0 })
    sent = []
    vi.advanceTimersByTime(1000)
    expect(sent).toEqual([])
    vi.advanceTimersByTime(3000)
    expect(sent.map(({ kind }) => kind)).toEqual(['ping'])
    vi.advanceTimersByTime(3000)
    expect(silent).toBe(1)
  })

  test('measures the round trip by the pong of its last ping only', () => {
    vi.advanceTimersByTime(12)
    heartbeat.onPong({ kind: 'pong', nonce: 50, inFlight: 0, eventLoopLagMs: 0 })
    expect(heartbeat.roundTripMs).toBeUndefined()
    heartbeat.onPong({ kind: 'pong', nonce: 1, inFlight: 0, eventLoopLagMs: 0 })
    expect(heartbeat.roundTripMs).toBe(12)
  })
})
