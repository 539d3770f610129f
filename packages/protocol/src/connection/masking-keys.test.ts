import { expect, test } from 'vitest'
import { createMaskingKeys } from './masking-keys.ts'

test('a masking key is four bytes of what was drawn, each used once', () => {
  let draws = 0
  const next = createMaskingKeys((pool) => {
    draws += 1
    for (let at = 0; at < pool.length; at += 4) pool.writeUInt32LE(draws * 10_000 + at, at)
  })
  const keys = Array.from({ length: 2048 }, () => {
    const key = Buffer.alloc(4)
    next(key)
    return key.readUInt32LE(0)
  })
  expect(draws).toBe(2)
  expect(new Set(keys).size).toBe(2048)
  expect([keys[0], keys[1023], keys[1024]]).toEqual([10_000, 14_092, 20_000])
})

test('masking keys differ', () => {
  const next = createMaskingKeys()
  const keys = Array.from({ length: 3000 }, () => {
    const key = Buffer.alloc(4)
    next(key)
    return key.readUInt32LE(0)
  })
  expect(new Set(keys).size).toBeGreaterThan(2990)
})
