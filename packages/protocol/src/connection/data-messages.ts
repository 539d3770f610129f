import { createDataScratch, encodeFrame } from '../codec.ts'
import type { DataFrame } from '../frames.ts'
import { createMaskingKeys } from './masking-keys.ts'

/** A Data frame as bytes of a WebSocket. */
export interface DataMessage {
  bytes: Buffer
  /** To be called when the bytes have left: their memory is then used for another. */
  sent: () => void
}

/** Final fragment, binary. Source: RFC 6455 section 5.2. */
const binaryMessage = 0x82
const maskedBit = 0x80
/** A length of 16 bits follows, which is enough for every Data frame. */
const length16 = 126
const keyBytes = 4
/** Of the header: two bytes, the length, the masking key. */
const headerBytesMax = 2 + 2 + keyBytes

/**
 * Makes messages of Data frames in memory that is used again when they have left. With new memory for each, twice where
 * ws masks them, V8 collects garbage all the time, and reviews wait for it.
 */
export class DataMessages {
  readonly #free: Buffer[] = []
  readonly #maskingKeys: ((key: Buffer) => void) | undefined

  constructor(side: 'client' | 'server') {
    this.#maskingKeys = side === 'client' ? createMaskingKeys() : undefined
  }

  /** @throws FrameTooLargeError as `encodeFrame` */
  encode(frame: DataFrame): DataMessage {
    const memory = this.#free.pop() ?? createDataScratch(headerBytesMax)
    const { length } = encodeFrame(frame, memory.subarray(headerBytesMax))
    const lengthBytes = length < length16 ? 0 : 2
    const start = headerBytesMax - 2 - lengthBytes - (this.#maskingKeys === undefined ? 0 : keyBytes)
    memory[start] = binaryMessage
    memory[start + 1] =
      (lengthBytes === 0 ? length : length16) | (this.#maskingKeys === undefined ? 0 : maskedBit)
    if (lengthBytes > 0) memory.writeUInt16BE(length, start + 2)
    if (this.#maskingKeys !== undefined) {
      const key = memory.subarray(headerBytesMax - keyBytes, headerBytesMax)
      this.#maskingKeys(key)
      mask(memory, length)
    }
    return {
      bytes: memory.subarray(start, headerBytesMax + length),
      sent: () => void this.#free.push(memory),
    }
  }
}

/** In words of the key's length; what is left over at the end of the last one is never sent. RFC 6455 section 5.3. */
function mask({ buffer, byteOffset }: Buffer, length: number): void {
  const key = new Int32Array(buffer, byteOffset + headerBytesMax - keyBytes, 1)[0] ?? 0
  const words = new Int32Array(buffer, byteOffset + headerBytesMax, Math.ceil(length / keyBytes))
  for (let index = 0; index < words.length; index++) words[index] = (words[index] ?? 0) ^ key
}
