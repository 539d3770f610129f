import { createSecretKey, randomBytes } from 'node:crypto'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  UnreadableCiphertext,
  keyNumberOf,
  numberedHeader,
  openSealedBytes,
  sealBytes,
} from './sealed-bytes.ts'

const key = createSecretKey(randomBytes(32))

describe('sealBytes', () => {
  it('opens to what was sealed, in its place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), fc.array(fc.string()), (bytes, place) => {
        const sealed = sealBytes(key, place, Buffer.from(bytes))
        expect(openSealedBytes(key, place, sealed)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('opens text of any script', () => {
    expect(openSealedBytes(key, [], sealBytes(key, [], 'ключ 🔑')).toString('utf8')).toBe('ключ 🔑')
  })

  it('never makes the same bytes twice', () => {
    expect(sealBytes(key, ['a'], 'x')).not.toEqual(sealBytes(key, ['a'], 'x'))
  })

  it('does not open after any one bit has changed', () => {
    const sealed = sealBytes(key, ['a'], 'secret')
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => openSealedBytes(key, ['a'], changed)).toThrow(UnreadableCiphertext)
    }
  })

  it('does not open cut short, at any length', () => {
    const sealed = sealBytes(key, ['a'], 'secret')
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => openSealedBytes(key, ['a'], sealed.subarray(0, length))).toThrow(UnreadableCiphertext)
    }
  })

  it.each([
    ['another part', ['b']],
    ['one part more', ['a', '']],
    ['no part', []],
  ])('does not open in another place: %s', (_name, place) => {
    const sealed = sealBytes(key, ['a'], 'secret')
    expect(() => openSealedBytes(key, place, sealed)).toThrow(UnreadableCiphertext)
  })

  it('tells places apart however their parts are cut', () => {
    const sealed = sealBytes(key, ['a', 'b","c'], 'secret')
    expect(() => openSealedBytes(key, ['a', 'b', 'c'], sealed)).toThrow(UnreadableCiphertext)
  })

  it('does not open under another key', () => {
    const other = createSecretKey(randomBytes(32))
    expect(() => openSealedBytes(other, ['a'], sealBytes(key, ['a'], 'x'))).toThrow(UnreadableCiphertext)
  })

  it('names the key that it was sealed with, and 1 where it names none', () => {
    const sealed = sealBytes(key, ['a'], 'secret', 7)
    expect(openSealedBytes(key, ['a'], sealed).toString()).toBe('secret')
    expect(keyNumberOf(sealed)).toBe(7)
    expect(sealed.subarray(0, 5)).toEqual(numberedHeader(7))
    expect(keyNumberOf(sealBytes(key, ['a'], 'secret'))).toBe(1)
  })

  it('does not open numbered after any one bit has changed, the number’s too, nor cut short', () => {
    const sealed = sealBytes(key, ['a'], 'secret', 7)
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => openSealedBytes(key, ['a'], changed)).toThrow(UnreadableCiphertext)
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => openSealedBytes(key, ['a'], sealed.subarray(0, length))).toThrow(UnreadableCiphertext)
    }
  })
})
