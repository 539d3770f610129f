import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { createDataScratch, decodeFrame, encodeFrame, FrameTooLargeError } from './codec.ts'
import { frameBounds } from './frame-bounds.ts'
import type { Frame, ReviewTokenFrame, TokenReviewedFrame } from './frames.ts'
import { clampText, protocolLimits } from './limits.ts'
import { arbitraryFrames } from './test/arbitrary-frame.ts'

const schema = protobuf
  .parse(await readFile(join(import.meta.dirname, 'tunnel.proto'), 'utf8'), new protobuf.Root())
  .root.resolveAll()

const review: ReviewTokenFrame = {
  kind: 'review-token',
  requestId: 7,
  nonce: new Uint8Array(16).fill(1),
  token: 'header.payload.signature',
  audiences: ['https://kubernetes.default.svc'],
  deadlineMs: 10_000,
  attempt: 1,
}

const verdict: TokenReviewedFrame = {
  kind: 'token-reviewed',
  requestId: 7,
  nonce: new Uint8Array(16).fill(1),
  tokenSha256: new Uint8Array(32).fill(2),
  authenticated: true,
  username: 'system:serviceaccount:shop:cart',
  uid: '1b9c',
  groups: ['system:serviceaccounts'],
  audiences: [],
  error: '',
}

/** A frame with its bytes as hexadecimal text, because a Buffer never equals a Uint8Array. */
function plain(frame: object): object {
  const fields = Object.entries(frame).map(([field, value]: [string, unknown]) => [
    field,
    Array.isArray(value) ? value.map(plainValue) : plainValue(value),
  ])
  return Object.fromEntries(fields)
}

function plainValue(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}

/** Writes a message with any content at all, past every limit. */
function encodeUnchecked(message: Record<string, unknown>): Uint8Array {
  return schema.lookupType('postern.tunnel.v1.Frame').encode(message).finish()
}

describe('a frame', () => {
  test.each(Object.entries<fc.Arbitrary<Frame>>(arbitraryFrames))(
    '%s comes back as it was sent',
    (_, frames) => {
      fc.assert(
        fc.property(frames, (frame) => {
          expect(plain(decodeFrame(Buffer.from(encodeFrame(frame))))).toEqual(plain(frame))
        }),
      )
    },
  )

  test('reads the same from bytes that are no Buffer', () => {
    const bytes = Uint8Array.from(encodeFrame(review))
    expect(plain(decodeFrame(bytes))).toEqual(plain(decodeFrame(Buffer.from(bytes))))
  })

  test('of a newer version is unknown, with its number', () => {
    expect(decodeFrame(Uint8Array.of(0xba, 0x02, 0x00))).toEqual({ kind: 'unknown', field: 39 })
  })

  test('keeps its meaning when a newer version added a field to it', () => {
    const accepted = encodeFrame({ kind: 'accepted', requestId: 9 })
    const extended = Uint8Array.from([
      accepted[0] ?? 0,
      (accepted[1] ?? 0) + 2,
      ...accepted.slice(2),
      0x78,
      1,
    ])
    expect(decodeFrame(extended)).toEqual({ kind: 'accepted', requestId: 9 })
  })

  test('hello of minor version 1 is for the first tunnel, for reviews', () => {
    const bytes = encodeUnchecked({ hello: { minorVersion: 1, features: 1, instanceId: 'i', epoch: 1 } })
    expect(decodeFrame(bytes)).toMatchObject({
      kind: 'hello',
      slot: 0,
      purpose: 'reviews',
      ticket: Buffer.alloc(0),
    })
  })

  test('key-rotated with a code of a newer version has not rotated the key', () => {
    const bytes = encodeUnchecked({ keyRotated: { keyId: 'k', code: 99 } })
    expect(decodeFrame(bytes)).toMatchObject({ kind: 'key-rotated', keyId: 'k', code: 'unavailable' })
  })

  test('with a code of a newer version reads as unspecified', () => {
    const bytes = encodeUnchecked({ failure: { requestId: 3, code: 999 } })
    expect(decodeFrame(bytes)).toMatchObject({ kind: 'failure', requestId: 3, code: 'unspecified' })
  })
})

describe('bytes that are no frame', () => {
  test.each([
    ['nothing', new Uint8Array(0), 'no body'],
    ['more than 64 KiB', new Uint8Array(protocolLimits.frameBytesMax + 1), 'longer than a frame may be'],
    ['a tag of field zero', Uint8Array.of(0x02, 0x00), 'a tag that is no field of a frame'],
    ['a length beyond the end', Uint8Array.of(0x2a, 0x7f, 0x08), 'a field that is cut off'],
    ['a varint that never ends', new Uint8Array(20).fill(0xff), 'a tag that is no field of a frame'],
    ['two bodies', Uint8Array.of(0x2a, 0x00, 0x42, 0x00), 'more than one body'],
    ['a body that is a number', Uint8Array.of(0x28, 0x01), 'accepted in the wrong wire type'],
    [
      'a field given twice',
      Uint8Array.of(0x2a, 0x04, 0x08, 1, 0x08, 2),
      'accepted: field 1 more than 1 times',
    ],
    ['a group', Uint8Array.of(0x2b, 0x2c), 'a field that is cut off'],
    ['a group inside a body', Uint8Array.of(0x2a, 0x02, 0x0b, 0x0c), 'accepted: field 1 is cut off'],
    ['text that is not UTF-8', Uint8Array.of(0x6a - 8, 0x03, 0x12, 0x01, 0xff), 'drain: not decodable'],
  ])('%s is malformed', (_, bytes, reason) => {
    expect(decodeFrame(bytes)).toEqual({ kind: 'malformed', reason })
  })

  const groups = Array.from({ length: protocolLimits.groupsMax + 1 }, () => 'g')
  test.each([
    ['a token over 8 KiB', { reviewToken: { ...review, token: 'a'.repeat(8193) } }],
    ['too many audiences', { reviewToken: { ...review, audiences: Array.from({ length: 33 }, () => 'a') } }],
    ['an audience too long', { reviewToken: { ...review, audiences: ['a'.repeat(2049)] } }],
    ['a nonce of 15 bytes', { reviewToken: { ...review, nonce: new Uint8Array(15) } }],
    ['a nonce of 17 bytes', { tokenReviewed: { ...verdict, nonce: new Uint8Array(17) } }],
    ['no nonce', { tokenReviewed: { ...verdict, nonce: undefined } }],
    ['a hash of 31 bytes', { tokenReviewed: { ...verdict, tokenSha256: new Uint8Array(31) } }],
    ['too many groups', { tokenReviewed: { ...verdict, groups } }],
    ['an error too long', { tokenReviewed: { ...verdict, error: 'e'.repeat(2049) } }],
    ['a hello without instance', { hello: { epoch: 1 } }],
    ['a hello for a purpose of a newer version', { hello: { instanceId: 'i', purpose: 7 } }],
    ['a hello for streams without a ticket', { hello: { instanceId: 'i', purpose: 1 } }],
    ['a hello for reviews with a ticket', { hello: { instanceId: 'i', ticket: new Uint8Array(16) } }],
    ['a call for streams without a ticket', { dialStreams: {} }],
    ['a root certificate hash of 31 bytes', { cluster: { rootCaSha256: [new Uint8Array(31)] } }],
    ['a key thumbprint of no bytes', { cluster: { issuerKeySha256: [new Uint8Array(0)] } }],
    [
      'too many root certificates',
      { cluster: { rootCaSha256: Array.from({ length: 17 }, () => new Uint8Array(32)) } },
    ],
    ['a new key of 33 bytes', { rotateKey: { publicKey: new Uint8Array(33), proof: new Uint8Array(64) } }],
    ['a new key without proof', { rotateKey: { publicKey: new Uint8Array(32) } }],
    ['a welcome at no time', { welcome: { serverTimeMs: Number.NaN } }],
  ])('%s is malformed', (_, message) => {
    expect(decodeFrame(encodeUnchecked(message)).kind).toBe('malformed')
  })

  test('never throw and never quote what they hold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const decoded = decodeFrame(bytes)
        expect(decoded.kind === 'malformed' ? decoded.reason : decoded.kind).toMatch(/^[\w :.-]{1,80}$/)
      }),
      { numRuns: 2000 },
    )
  })

  test('that differ from a frame in a few places never throw', () => {
    const frame = encodeFrame(verdict)
    const change = fc.tuple(fc.nat(frame.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Uint8Array.from(frame)
        for (const [at, value] of changes) bytes[at] = value
        expect(typeof decodeFrame(bytes).kind).toBe('string')
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a frame that its receiver would have to refuse', () => {
  test.each<[string, Frame]>([
    ['a token over 8 KiB', { ...review, token: 'a'.repeat(8193) }],
    ['too many groups', { ...verdict, groups: Array.from({ length: 65 }, () => 'group') }],
    ['64 KiB in all', { ...verdict, groups: Array.from({ length: 64 }, () => 'g'.repeat(1024)) }],
  ])('%s is not sent', (_, frame) => {
    expect(() => encodeFrame(frame)).toThrow(FrameTooLargeError)
  })

  test('says nothing of the token in its error', () => {
    const token = `secret${'a'.repeat(8193)}`
    expect(() => encodeFrame({ ...review, token })).toThrow(
      /^review-token: field 3 is longer than 8192 bytes$/,
    )
  })
})

describe('the bounds', () => {
  test('know every field of the proto by number, wire type and whether it repeats', () => {
    const wireTypes: Record<string, string> = { uint32: 'varint', bool: 'varint', double: 'fixed64' }
    const frame = schema.lookupType('postern.tunnel.v1.Frame')
    expect(frameBounds.filter((bound) => bound !== undefined)).toHaveLength(frame.fieldsArray.length)
    for (const bodyField of frame.fieldsArray) {
      const bound = frameBounds[bodyField.id]
      expect(bound?.kind.replaceAll('-', '_')).toBe(
        bodyField.name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
      )
      const message = schema.lookupType(`postern.tunnel.v1.${bodyField.type}`)
      for (const field of message.fieldsArray) {
        const fieldBound = bound?.fields[field.id]
        const isEnum = field.resolvedType instanceof protobuf.Enum
        expect(fieldBound?.wire, `${message.name}.${field.name}`).toBe(
          isEnum ? 'varint' : (wireTypes[field.type] ?? 'bytes'),
        )
        expect((fieldBound?.countMax ?? 0) > 1, `${message.name}.${field.name}`).toBe(field.repeated)
      }
    }
  })
})

test('text is cut to bytes and never through a character', () => {
  expect(clampText('aé€😀', 9)).toBe('aé€')
  expect(clampText('aé€😀', 10)).toBe('aé€😀')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(50), (text, bytesMax) => {
      const cut = clampText(text, bytesMax)
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax)
      expect(text.toWellFormed().startsWith(cut)).toBe(true)
    }),
  )
})

test('P13: a Data frame may be written into memory that is used again, and no other frame is', () => {
  const scratch = createDataScratch()
  const data = {
    kind: 'data',
    streamId: 0xffff_ffff,
    payload: new Uint8Array(protocolLimits.dataBytesMax),
  } as const
  const bytes = encodeFrame(data, scratch)
  expect(bytes.buffer).toBe(scratch.buffer)
  expect(Buffer.compare(bytes, encodeFrame(data))).toBe(0)
  expect(encodeFrame({ kind: 'fin', streamId: 1 }, scratch).buffer).not.toBe(scratch.buffer)
})
