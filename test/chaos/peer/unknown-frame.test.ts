import { decodeFrame, encodeFrame } from '@postern/protocol'
import { describe, expect, it } from 'vitest'
import { unknownFrame, withUnknownField } from './unknown-frame.ts'

describe('what a later version sends', () => {
  it('is a frame that this version does not know', () => {
    expect(decodeFrame(unknownFrame())).toEqual({ kind: 'unknown', field: 200 })
  })

  it('is a known frame with one more field', () => {
    const frame = { kind: 'cancel', requestId: 300 } as const
    const bytes = encodeFrame(frame)
    const longer = withUnknownField(bytes)
    expect(longer.length).toBeGreaterThan(bytes.length)
    expect(decodeFrame(longer)).toEqual(frame)
  })
})
