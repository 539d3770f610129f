import { protocolLimits } from '../limits.ts'

/** Small pieces are gathered in blocks of this size, so that a piece never costs much more than its bytes. */
const blockBytes = 4 * 1024

/**
 * Bytes in order, in memory of their own: a piece that was read from a socket may be a view of a far larger buffer,
 * which it would keep alive.
 */
export class ByteQueue {
  #blocks: Buffer[] = []
  /** Where the first block begins, and the last one ends. */
  #start = 0
  #end = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Copies the bytes. */
  push(bytes: Uint8Array): void {
    this.#length += bytes.length
    let rest = bytes
    while (rest.length > 0) {
      const last = this.#blocks.at(-1)
      const free = last === undefined ? 0 : last.length - this.#end
      if (last === undefined || free === 0) {
        this.#blocks.push(Buffer.allocUnsafeSlow(Math.max(blockBytes, rest.length)))
        this.#end = 0
        continue
      }
      const piece = rest.subarray(0, free)
      last.set(piece, this.#end)
      this.#end += piece.length
      rest = rest.subarray(piece.length)
    }
  }

  /** The next bytes, at most as many as a Data frame holds; nothing when the queue is empty. */
  take(bytesMax: number = protocolLimits.dataBytesMax): Buffer | undefined {
    const first = this.#blocks[0]
    if (first === undefined || this.#length === 0) return undefined
    const end = this.#blocks.length === 1 ? this.#end : first.length
    const taken = first.subarray(this.#start, Math.min(end, this.#start + bytesMax))
    this.#start += taken.length
    this.#length -= taken.length
    if (this.#start === first.length || this.#length === 0) {
      this.#blocks.shift()
      this.#start = 0
    }
    return taken
  }

  clear(): void {
    this.#blocks = []
    this.#start = 0
    this.#end = 0
    this.#length = 0
  }
}
