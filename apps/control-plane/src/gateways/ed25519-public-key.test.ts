import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseEd25519PublicKey, thumbprintOf, toKeyObject } from './ed25519-public-key.ts'

const p = 2n ** 255n - 19n

function encode(y: bigint, sign = 0): string {
  const bytes = Buffer.from(Buffer.from(y.toString(16).padStart(64, '0'), 'hex').toReversed())
  bytes[31] = (bytes[31] ?? 0) | (sign << 7)
  return bytes.toString('base64url')
}

/** The y of both pairs of order 8, from the list that libsodium and others refuse. */
const order8 = [
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]

it('computes the thumbprint of RFC 8037 appendix A.3', () => {
  const raw = Buffer.from('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', 'base64url')
  expect(thumbprintOf(raw)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})

it('accepts every key that node generates, and makes the same key of it', () => {
  for (let round = 0; round < 20; round += 1) {
    const { publicKey } = generateKeyPairSync('ed25519')
    const x = publicKey.export({ format: 'jwk' }).x ?? ''
    const parsed = parseEd25519PublicKey(x)
    expect(parsed.ok && toKeyObject(parsed.key.raw).equals(publicKey)).toBe(true)
  }
})

describe('refuses points of small order', () => {
  it.each<[string, string]>([
    ['order 1', encode(1n)],
    ['order 1 with the sign of x set', encode(1n, 1)],
    ['order 2', encode(p - 1n)],
    ['order 2 with the sign of x set', encode(p - 1n, 1)],
    ['order 4', encode(0n)],
    ['order 4, other sign', encode(0n, 1)],
    ...order8.map((hex): [string, string] => ['order 8', Buffer.from(hex, 'hex').toString('base64url')]),
  ])('%s', (_name, text) => {
    expect(parseEd25519PublicKey(text)).toMatchObject({
      ok: false,
      problem: expect.stringContaining('small order'),
    })
  })
})

it.each([
  ['p', encode(p)],
  ['p + 1', encode(p + 1n)],
  ['2^255 - 1', encode(2n ** 255n - 1n)],
])('refuses the encoding %s, which is not canonical', (_name, text) => {
  expect(parseEd25519PublicKey(text)).toMatchObject({
    ok: false,
    problem: expect.stringContaining('canonical'),
  })
})

it('refuses y = 2, which is on no point of the curve', () => {
  expect(parseEd25519PublicKey(encode(2n))).toMatchObject({
    ok: false,
    problem: 'is no point on the Ed25519 curve',
  })
})

it.each([
  '',
  'AA',
  `${'A'.repeat(43)}=`,
  'A'.repeat(42),
  'A'.repeat(44),
  `${'A'.repeat(42)}B`,
  '+'.repeat(43),
])('refuses %j, which is not base64url of 32 bytes', (text) => {
  expect(parseEd25519PublicKey(text)).toMatchObject({
    ok: false,
    problem: expect.stringContaining('base64url'),
  })
})

it('calls about half of random encodings points of the curve, and never throws', () => {
  let accepted = 0
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      if (parseEd25519PublicKey(Buffer.from(bytes).toString('base64url')).ok) accepted += 1
    }),
    { numRuns: 300, seed: 7 },
  )
  expect(accepted).toBeGreaterThan(90)
  expect(accepted).toBeLessThan(210)
})

it('refuses any text of another length without throwing', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 42 }), (text) => {
      expect(parseEd25519PublicKey(text).ok).toBe(false)
    }),
  )
})
