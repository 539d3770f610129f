import { expect, test } from 'vitest'
import { createMaskingKeys } from './masking-keys.ts'

test('a masking key is four bytes of what was drawn, each used once, and never zero', () => {
  let draws = 0
  const next = createMaskingKeys((pool) => {
    draws += 1
    pool.fill(0)
    pool.writeUInt32LE(draws, 8)
    pool.writeUInt32LE(draws + 100, 4092)
  })
  const keys = Array.from({ length: 5 }, () => {
    const key = Buffer.alloc(4)
    next(key)
    return key.readUInt32LE(0)
  })
  expect(keys).toEqual([1, 101, 2, 102, 3])
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
