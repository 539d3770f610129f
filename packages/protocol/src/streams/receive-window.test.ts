import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReceiveWindow } from './receive-window.ts'
import { streamLimits } from './stream-limits.ts'

const { windowBytes, windowBytesMax } = streamLimits
const granted = (bytes: number): number => bytes

interface Reader {
  consumedPerMs?: number
  /** It stops for so long at each tenth of a second. */
  pauseMs?: number
  /** The shortest round trip that it has seen, where most are longer. */
  shortestMs?: number
}

/** A sender that always has something, on a link; what it comes to, with the waits before the link since then. */
function saturate(
  bytesPerMs: number,
  roundTripMs: number,
  { consumedPerMs = Infinity, pauseMs = 0, shortestMs = roundTripMs }: Reader = {},
) {
  const window = new ReceiveWindow()
  const frame = 16 * 1024
  let credit: number = windowBytes
  const arriving: number[] = []
  const crediting: { at: number; bytes: number }[] = []
  let linkFreeAt = 0
  let consumedAt = 0
  let received = 0
  const queuesMs: number[] = []
  for (let now = 0; now < 20_000; now += 0.25) {
    while (crediting[0] !== undefined && crediting[0].at <= now) credit += crediting.shift()?.bytes ?? 0
    while (credit >= frame) {
      credit -= frame
      linkFreeAt = Math.max(linkFreeAt, now) + frame / bytesPerMs
      arriving.push(linkFreeAt + roundTripMs / 2)
    }
    if (now > 10_000) queuesMs.push(Math.max(0, linkFreeAt - now))
    if (now % 100 < pauseMs) continue
    while (arriving[0] !== undefined && arriving[0] <= now && consumedAt <= now) {
      arriving.shift()
      received += frame
      expect(window.take(frame)).toBe(true)
      consumedAt = Math.max(consumedAt, now) + frame / consumedPerMs
      const bytes = window.consume({ bytes: frame, now, roundTripMs: shortestMs, resize: granted })
      if (bytes > 0) crediting.push({ at: now + roundTripMs / 2, bytes })
    }
  }
  const sorted = queuesMs.toSorted((one, other) => one - other)
  const medianQueueMs = sorted[sorted.length >> 1] ?? 0
  return {
    size: window.size,
    share: received / 20_000 / bytesPerMs,
    queueMs: sorted.at(-1) ?? 0,
    medianQueueMs,
  }
}

describe('the window of a stream', () => {
  test.each([
    [100, 105],
    [50, 53],
    [20, 23],
  ])(
    'P15: takes most of a link of which %d ms is the shortest round trip, and %d ms the usual one',
    (shortestMs, usualMs) => {
      expect(saturate(12_500, usualMs, { shortestMs }).share).toBeGreaterThan(0.8)
    },
  )

  test('takes what there is credit for and not a byte more', () => {
    const window = new ReceiveWindow()
    expect(window.take(windowBytes - 1)).toBe(true)
    expect(window.take(2)).toBe(false)
    expect(window.take(1)).toBe(true)
    expect(window.take(1)).toBe(false)
  })

  test('never has more outstanding than it was large, whatever is taken and consumed when', () => {
    const step = fc.record({ take: fc.nat(40_000), consume: fc.nat(40_000), wait: fc.nat(50) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const window = new ReceiveWindow()
        let credit: number = windowBytes
        let unread = 0
        let now = 0
        let sizeMax = window.size
        for (const each of steps) {
          now += each.wait
          const take = Math.min(each.take, credit)
          expect(window.take(take)).toBe(true)
          credit -= take
          unread += take
          const bytes = Math.min(each.consume, unread)
          unread -= bytes
          credit += window.consume({ bytes, now, roundTripMs: 20, resize: granted })
          sizeMax = Math.max(sizeMax, window.size)
          expect(credit + unread).toBeLessThanOrEqual(sizeMax)
          expect(window.size).toBeGreaterThanOrEqual(windowBytes)
          expect(window.size).toBeLessThanOrEqual(windowBytesMax)
        }
      }),
    )
  })

  test.each([
    ['100 Mbit/s and 20 ms', 12_500, 20],
    ['100 Mbit/s and 50 ms', 12_500, 50],
    ['300 Mbit/s and 50 ms', 37_500, 50],
    ['20 Mbit/s and 10 ms', 2_500, 10],
  ])(
    'P15: on a link of %s grows until the link is full, and hardly further',
    (_, bytesPerMs, roundTripMs) => {
      const { size, share } = saturate(bytesPerMs, roundTripMs)
      expect(share).toBeGreaterThan(0.9)
      expect(size).toBeLessThanOrEqual(Math.max(windowBytes, 1.7 * bytesPerMs * (roundTripMs + 5)))
    },
  )

  test('P13: leaves little waiting before the link, where logins wait behind it', () => {
    // What the first window is too large for a link cannot be taken back.
    expect(saturate(12_500, 20).queueMs).toBeLessThan(9)
    expect(saturate(12_500, 50).queueMs).toBeLessThan(16)
    expect(saturate(37_500, 50).queueMs).toBeLessThan(16)
  })

  test.each([
    ['100 Mbit/s and 20 ms', 12_500, 20],
    ['100 Mbit/s and 50 ms', 12_500, 50],
    ['300 Mbit/s and 50 ms', 37_500, 50],
  ])('P13: on a link of %s, a reader that pauses now and then does not make it grow', (_, bytesPerMs, ms) => {
    // What has waited comes at once after a pause, as if the link were faster.
    for (const pauseMs of [5, 10, 15]) {
      const { share, medianQueueMs } = saturate(bytesPerMs, ms, { pauseMs })
      expect(medianQueueMs).toBeLessThan(15)
      expect(share).toBeGreaterThan(0.85)
    }
  })

  test('P13: shrinks when the link has become slower, and what stands before it goes', () => {
    const window = new ReceiveWindow()
    const frame = 16 * 1024
    let now = 0
    const readAt = (bytesPerMs: number, frames: number): number => {
      let credit = 0
      for (let count = 0; count < frames; count++) {
        now += frame / bytesPerMs
        expect(window.take(frame)).toBe(true)
        credit += window.consume({ bytes: frame, now, roundTripMs: 20, resize: granted })
      }
      return credit
    }
    const grownBy = readAt(100_000, 1_000) - 1_000 * frame
    const grown = window.size
    expect(grown).toBeGreaterThan(4 * windowBytes)
    expect(grownBy).toBeGreaterThan(0)
    const credit = readAt(10_000, 8_000)
    expect(window.size).toBe(windowBytes)
    expect(8_000 * frame - credit).toBeGreaterThan((grown - windowBytes) / 2)
  })

  test('P14: stays small for a reader that is slower than the link', () => {
    expect(saturate(12_500, 50, { consumedPerMs: 1_000 }).size).toBe(windowBytes)
  })

  test('stays as it is when growth is not granted, or nothing is known of the round trip', () => {
    for (const roundTripMs of [20, undefined]) {
      const window = new ReceiveWindow()
      for (let now = 0; now < 100; now++) {
        window.take(16 * 1024)
        window.consume({ bytes: 16 * 1024, now: now / 10, roundTripMs, resize: () => 0 })
      }
      expect(window.size).toBe(windowBytes)
    }
  })
})
