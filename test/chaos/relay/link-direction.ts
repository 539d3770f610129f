import type { Socket } from 'node:net'

/** One direction of a link that all its connections share: first come, first served. */
export class LinkDirection {
  #freeAt = 0
  /** Bytes that went into it. */
  bytes = 0

  /** When the last bit of so many bytes has left, if they begin now. Milliseconds of `performance.now()`. */
  send(bytes: number, megabitsPerSecond: number | undefined): number {
    const now = performance.now()
    this.bytes += bytes
    if (megabitsPerSecond === undefined) return now
    this.#freeAt = Math.max(now, this.#freeAt) + (bytes * 8) / (megabitsPerSecond * 1000)
    return this.#freeAt
  }
}

export interface OneWayOptions {
  from: Socket
  to: Socket
  link: LinkDirection
  faults: () => { drops: boolean; delayMs: number; megabitsPerSecond: number | undefined }
  /** Bytes have moved. */
  moved: () => void
}

interface Chunk {
  leavesAt: number
  arrivesAt: number
  bytes: Buffer | 'end'
}

/** What one connection may have waiting before the link: a short queue, so that one connection cannot fill it for all. */
const waitingBytesMax = 64 * 1024

/** Carries one direction of one connection. */
export class OneWay {
  readonly #options: OneWayOptions
  readonly #chunks: Chunk[] = []
  #waitingBytes = 0
  #left = 0
  #timer: NodeJS.Timeout | undefined
  /** A byte is missing: nothing after it arrives. */
  hasGap = false

  constructor(options: OneWayOptions) {
    this.#options = options
    const { from, to } = options
    from.on('data', (bytes: Buffer) => this.#take(bytes))
    from.once('end', () => this.#take('end'))
    to.on('drain', () => this.#steer())
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#chunks.length = 0
  }

  #take(bytes: Buffer | 'end'): void {
    const { link, faults, moved } = this.#options
    const { drops, delayMs, megabitsPerSecond } = faults()
    if (drops) this.hasGap = true
    if (this.hasGap) return
    moved()
    const length = bytes === 'end' ? 0 : bytes.length
    const leavesAt = link.send(length, megabitsPerSecond)
    this.#chunks.push({ leavesAt, arrivesAt: leavesAt + delayMs, bytes })
    this.#waitingBytes += length
    this.#deliver()
  }

  /** Hands over what is due, in order, and comes back when the next thing is. */
  #deliver(): void {
    clearTimeout(this.#timer)
    const now = performance.now()
    while (this.#left < this.#chunks.length && (this.#chunks[this.#left]?.leavesAt ?? 0) <= now) {
      this.#waitingBytes -= sizeOf(this.#chunks[this.#left])
      this.#left += 1
    }
    while ((this.#chunks[0]?.arrivesAt ?? Infinity) <= now) this.#write(this.#chunks.shift())
    this.#steer()
    const next = Math.min(
      this.#chunks[0]?.arrivesAt ?? Infinity,
      this.#chunks[this.#left]?.leavesAt ?? Infinity,
    )
    if (next < Infinity) this.#timer = setTimeout(() => this.#deliver(), Math.max(0, next - now))
  }

  #write(chunk: Chunk | undefined): void {
    this.#left -= 1
    const { to } = this.#options
    if (chunk === undefined || this.hasGap || to.destroyed) return
    if (chunk.bytes === 'end') to.end()
    else to.write(chunk.bytes)
  }

  /** Reads no faster than the link and the receiver take it. */
  #steer(): void {
    const { from, to } = this.#options
    const isFull = this.#waitingBytes > waitingBytesMax || to.writableNeedDrain
    if (isFull) from.pause()
    else from.resume()
  }
}

function sizeOf(chunk: Chunk | undefined): number {
  return chunk === undefined || chunk.bytes === 'end' ? 0 : chunk.bytes.length
}
