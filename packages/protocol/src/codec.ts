import protobuf from 'protobufjs/minimal.js'
import { frameReaders } from './frame-readers.ts'
import { writeFrame } from './frame-writer.ts'
import type { DecodedFrame, Frame, ReviewTokenFrame } from './frames.ts'
import { protocolLimits as limits } from './limits.ts'
import { scanFrame } from './scan-frame.ts'

const { Reader, Writer } = protobuf

/** A frame that its own side must not send, because the other would have to close the tunnel over it. */
export class FrameTooLargeError extends Error {
  override name = 'FrameTooLargeError'
}

/**
 * The bytes of one WebSocket message.
 * @param scratch where the bytes of a Data frame may stand, if the caller is done with them before its next one
 * @throws FrameTooLargeError when the frame as a whole, or a field of it, is beyond the limits.
 */
export function encodeFrame(frame: Frame, scratch?: Buffer): Uint8Array {
  const writer = Writer.create()
  // The writer doubles its buffer as it goes; these are long enough for a buffer of the right size to pay.
  if (frame.kind === 'review-token') writer.buf = Buffer.allocUnsafe(reviewBytes(frame))
  else if (frame.kind === 'data')
    writer.buf = scratch ?? Buffer.allocUnsafe(frame.payload.length + dataHeaderBytes)
  const bytes = writeFrame(frame, writer).finish(true)
  if (mayExceedLimits(frame, bytes.length)) {
    const scan = scanFrame(bytes)
    if ('malformed' in scan) throw new FrameTooLargeError(scan.malformed)
  }
  return bytes
}

/** More than tags, lengths and stream id of a Data frame take. */
const dataHeaderBytes = 32

/** Memory for any Data frame, behind so many other bytes. */
export function createDataScratch(bytesBefore = 0): Buffer {
  return Buffer.allocUnsafeSlow(bytesBefore + limits.dataBytesMax + dataHeaderBytes)
}

/** About what a review needs. */
function reviewBytes({ token }: ReviewTokenFrame): number {
  return Math.min(token.length + 256, limits.frameBytesMax)
}

/** False when no field can be too long or too often there, so that common frames are not walked again. */
function mayExceedLimits(frame: Frame, bytes: number): boolean {
  switch (frame.kind) {
    case 'review-token':
      return bytes > limits.audienceBytesMax || frame.audiences.length > limits.audiencesMax
    case 'token-reviewed':
      return (
        bytes > limits.groupBytesMax ||
        frame.groups.length > limits.groupsMax ||
        frame.audiences.length > limits.audiencesMax
      )
    default:
      return bytes > limits.nameBytesMax
  }
}

/**
 * Reads one WebSocket message. Never throws: what is no frame is `malformed`, what a newer version added is `unknown`.
 * Byte fields of the result are views of `bytes`.
 */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  const scan = scanFrame(bytes)
  if ('malformed' in scan) return { kind: 'malformed', reason: scan.malformed }
  if ('unknownField' in scan) return { kind: 'unknown', field: scan.unknownField }
  const { kind } = scan.bound
  try {
    const reader = Reader.create(asBuffer(bytes))
    reader.pos = scan.start
    return frameReaders[kind](reader, scan.end - scan.start)
  } catch {
    // The bounds hold, so what is left is text that is not UTF-8; the decoder's own message may quote bytes of it.
    return { kind: 'malformed', reason: `${kind}: not decodable` }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
