import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteQueue } from './byte-queue.ts'

describe('a byte queue', () => {
  test('gives back what it was given, in order, whatever the pieces', () => {
    const step = fc.oneof(
      fc.uint8Array({ maxLength: 9000, size: 'max' }).map((bytes) => ({ push: bytes })),
      fc.integer({ min: 1, max: 20_000 }).map((bytesMax) => ({ take: bytesMax })),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new ByteQueue()
        const given: Uint8Array[] = []
        const taken: Uint8Array[] = []
        const take = (bytesMax: number): boolean => {
          const bytes = queue.take(bytesMax)
          expect(bytes?.length ?? 0).toBeLessThanOrEqual(bytesMax)
          if (bytes !== undefined) taken.push(bytes)
          return bytes !== undefined
        }
        for (const each of steps) {
          if ('push' in each) {
            given.push(each.push)
            queue.push(each.push)
          } else take(each.take)
        }
        expect(queue.length).toBe(Buffer.concat(given).length - Buffer.concat(taken).length)
        while (take(16 * 1024)) expect(queue.length).toBeGreaterThanOrEqual(0)
        expect(Buffer.concat(taken).equals(Buffer.concat(given))).toBe(true)
        expect(queue.length).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  test('keeps no view of what it was given', () => {
    const queue = new ByteQueue()
    const piece = Buffer.from('abc')
    queue.push(piece)
    piece.fill(0)
    expect(queue.take()?.toString()).toBe('abc')
  })

  test('P14: costs little more than its bytes, however small the pieces', () => {
    const queue = new ByteQueue()
    const bytes = new Uint8Array(1)
    const before = process.memoryUsage().arrayBuffers
    for (let count = 0; count < 256 * 1024; count++) queue.push(bytes)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(512 * 1024)
    expect(queue.length).toBe(256 * 1024)
  })
})
