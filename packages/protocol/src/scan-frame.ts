import { frameBounds, type FieldBound, type FrameBound } from './frame-bounds.ts'
import { protocolLimits } from './limits.ts'

// Walks the bytes of a frame without decoding them and holds every length and count against the bounds, so that what
// is decoded afterwards cannot allocate more than the limits say. Stricter than protobuf must be: groups, duplicates
// of a singular field and a field in another wire type than its own are malformed. Unknown fields are passed over.
// Source: https://protobuf.dev/programming-guides/encoding/

const varint = 0
const fixed64 = 1
const lengthDelimited = 2
const fixed32 = 5
const wireTypes = { varint, fixed64, bytes: lengthDelimited } as const
const fieldNumberMax = 2 ** 29 - 1

/** Where in the bytes the body of the frame is. */
export interface ScannedFrame {
  bound: FrameBound
  start: number
  end: number
}

export type Scan = ScannedFrame | { unknownField: number } | { malformed: string }

class Cursor {
  readonly bytes: Uint8Array
  position = 0
  end: number

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.end = bytes.length
  }

  /** The varint at the position, or -1 when it is cut off or longer than ten bytes; beyond 2^53 inexact. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let length = 0; length < 10; length++) {
      if (this.position >= this.end) return -1
      const byte = this.bytes[this.position++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    return -1
  }

  /** Passes over a value of this wire type; its length in bytes, or -1 when it is cut off or not allowed. */
  skip(wireType: number): number {
    const from = this.position
    switch (wireType) {
      case varint:
        return this.varint() < 0 ? -1 : this.position - from
      case fixed64:
        this.position += 8
        break
      case fixed32:
        this.position += 4
        break
      case lengthDelimited: {
        const length = this.varint()
        if (length < 0 || length > this.end - this.position) return -1
        this.position += length
        return length
      }
      default:
        return -1
    }
    return this.position > this.end ? -1 : this.position - from
  }
}

/** Finds the body of a frame and checks its bounds. Never throws. */
export function scanFrame(bytes: Uint8Array): Scan {
  if (bytes.length > protocolLimits.frameBytesMax) return { malformed: 'longer than a frame may be' }
  const cursor = new Cursor(bytes)
  let known: ScannedFrame | undefined
  let unknownField = 0
  while (cursor.position < cursor.end) {
    const tag = cursor.varint()
    const field = Math.floor(tag / 8)
    if (field < 1 || field > fieldNumberMax) return { malformed: 'a tag that is no field of a frame' }
    const length = cursor.skip(tag % 8)
    if (length < 0) return { malformed: 'a field that is cut off' }
    const bound = frameBounds[field]
    if (bound === undefined) {
      unknownField = field
      continue
    }
    if (tag % 8 !== lengthDelimited) return { malformed: `${bound.kind} in the wrong wire type` }
    if (known !== undefined) return { malformed: 'more than one body' }
    known = { bound, start: cursor.position - length, end: cursor.position }
  }
  if (known === undefined) return unknownField > 0 ? { unknownField } : { malformed: 'no body' }
  cursor.position = known.start
  cursor.end = known.end
  const problem = scanFields(cursor, known.bound.fields)
  return problem === undefined ? known : { malformed: `${known.bound.kind}: ${problem}` }
}

function scanFields(cursor: Cursor, fields: readonly (FieldBound | undefined)[]): string | undefined {
  const counts = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  while (cursor.position < cursor.end) {
    const tag = cursor.varint()
    const field = Math.floor(tag / 8)
    if (field < 1 || field > fieldNumberMax) return 'a tag that is no field'
    const length = cursor.skip(tag % 8)
    if (length < 0) return `field ${field} is cut off`
    const bound = fields[field]
    if (bound === undefined) continue
    if (tag % 8 !== wireTypes[bound.wire]) return `field ${field} in the wrong wire type`
    if (length > bound.bytesMax) return `field ${field} is longer than ${bound.bytesMax} bytes`
    const count = (counts[field] ?? 0) + 1
    if (count > bound.countMax) return `field ${field} more than ${bound.countMax} times`
    counts[field] = count
    if (bound.fields !== undefined) {
      const problem = scanNested(cursor, length, bound.fields)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

function scanNested(
  cursor: Cursor,
  length: number,
  fields: readonly (FieldBound | undefined)[],
): string | undefined {
  const { position, end } = cursor
  cursor.position = position - length
  cursor.end = position
  const problem = scanFields(cursor, fields)
  cursor.position = position
  cursor.end = end
  return problem
}
