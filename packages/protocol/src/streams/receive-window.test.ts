import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReceiveWindow } from './receive-window.ts'
import { streamLimits } from './stream-limits.ts'

const { windowBytes, windowBytesMax } = streamLimits
const granted = (bytes: number): number => bytes

/** A sender that always has something, on a link; what it comes to, with the longest wait before the link since then. */
function saturate(bytesPerMs: number, roundTripMs: number, consumedPerMs = Infinity) {
  const window = new ReceiveWindow()
  const frame = 16 * 1024
  let credit: number = windowBytes
  const arriving: number[] = []
  const crediting: { at: number; bytes: number }[] = []
  let linkFreeAt = 0
  let consumedAt = 0
  let received = 0
  let queueMs = 0
  for (let now = 0; now < 20_000; now += 0.25) {
    while (crediting[0] !== undefined && crediting[0].at <= now) credit += crediting.shift()?.bytes ?? 0
    while (credit >= frame) {
      credit -= frame
      linkFreeAt = Math.max(linkFreeAt, now) + frame / bytesPerMs
      arriving.push(linkFreeAt + roundTripMs / 2)
    }
    if (now > 10_000) queueMs = Math.max(queueMs, linkFreeAt - now)
    while (arriving[0] !== undefined && arriving[0] <= now && consumedAt <= now) {
      arriving.shift()
      received += frame
      expect(window.take(frame)).toBe(true)
      consumedAt = Math.max(consumedAt, now) + frame / consumedPerMs
      const bytes = window.consume({ bytes: frame, now, roundTripMs, grantGrowth: granted })
      if (bytes > 0) crediting.push({ at: now + roundTripMs / 2, bytes })
    }
  }
  return { size: window.size, share: received / 20_000 / bytesPerMs, queueMs }
}

describe('the window of a stream', () => {
  test('takes what there is credit for and not a byte more', () => {
    const window = new ReceiveWindow()
    expect(window.take(windowBytes - 1)).toBe(true)
    expect(window.take(2)).toBe(false)
    expect(window.take(1)).toBe(true)
    expect(window.take(1)).toBe(false)
  })

  test('never has more outstanding than its size, whatever is taken and consumed when', () => {
    const step = fc.record({ take: fc.nat(40_000), consume: fc.nat(40_000), wait: fc.nat(50) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const window = new ReceiveWindow()
        let credit: number = windowBytes
        let unread = 0
        let now = 0
        for (const each of steps) {
          now += each.wait
          const take = Math.min(each.take, credit)
          expect(window.take(take)).toBe(true)
          credit -= take
          unread += take
          const bytes = Math.min(each.consume, unread)
          unread -= bytes
          credit += window.consume({ bytes, now, roundTripMs: 20, grantGrowth: granted })
          expect(credit + unread).toBeLessThanOrEqual(window.size)
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

  test('P14: stays small for a reader that is slower than the link', () => {
    expect(saturate(12_500, 50, 1_000).size).toBe(windowBytes)
  })

  test('stays as it is when growth is not granted, or nothing is known of the round trip', () => {
    for (const roundTripMs of [20, undefined]) {
      const window = new ReceiveWindow()
      for (let now = 0; now < 100; now++) {
        window.take(16 * 1024)
        window.consume({ bytes: 16 * 1024, now: now / 10, roundTripMs, grantGrowth: () => 0 })
      }
      expect(window.size).toBe(windowBytes)
    }
  })
})
