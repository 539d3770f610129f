/** A frame of a version that does not exist yet: a body of number 200 with some bytes in it. Protocol Buffers encoding, LEN. */
export function unknownFrame(): Uint8Array {
  const payload = Buffer.from('what a later version says')
  return Buffer.concat([varint((200 << 3) | 2), varint(payload.length), payload])
}

/** The same frame with a field in its body that no version has: number 1000, a varint. */
export function withUnknownField(frame: Uint8Array): Uint8Array {
  const added = Buffer.concat([varint(1000 << 3), varint(1)])
  const tag = readVarint(frame, 0)
  const length = readVarint(frame, tag.end)
  return Buffer.concat([
    frame.subarray(0, tag.end),
    varint(length.value + added.length),
    frame.subarray(length.end),
    added,
  ])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return Buffer.from([...bytes, rest])
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0
  for (let at = start, shift = 0; ; at += 1, shift += 7) {
    const byte = bytes[at] ?? 0
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return { value, end: at + 1 }
  }
}
