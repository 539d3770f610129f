import { Duplex } from 'node:stream'
import type { ResetCode } from '../codes.ts'
import { clampText, protocolLimits } from '../limits.ts'
import { ByteQueue } from './byte-queue.ts'
import { ReceiveWindow, type Consumption } from './receive-window.ts'
import { StreamError } from './stream-error.ts'
import { streamLimits } from './stream-limits.ts'

/** What a stream uses of the connection that carries it. */
export interface StreamCarrier {
  /** The stream has bytes and credit: `sendNext` is called when it is its turn. */
  wantsTurn(stream: RawStream): void
  sendWindow(streamId: number, creditBytes: number): void
  sendFin(streamId: number): void
  sendReset(streamId: number, code: ResetCode, detail: string): void
  /** The round trip of the connection, and leave to grow. */
  consumption(bytes: number): Consumption
  /** Called once: the stream is over. */
  forget(stream: RawStream): void
}

/** Credit beyond this is of no use to anybody. */
const creditMax = 2 ** 40
/** What a writer may hand over before it is asked to wait. */
const writableBytes = 16 * 1024

const ignoreError = (): void => undefined

/**
 * A byte stream over a connection that it shares with others.
 *
 * 1. What has come and is not read yet stays within the window: at most as much as credit was given for.
 * 2. Bytes count as consumed when the reader asks for what follows them.
 * 3. The two directions end on their own: Fin ends one, Reset or destroy() both.
 */
export class RawStream extends Duplex {
  readonly streamId: number
  readonly #carrier: StreamCarrier
  readonly #window = new ReceiveWindow()
  readonly #received = new ByteQueue()
  #credit: number
  #outgoing: { chunks: Buffer[]; written: (error?: Error) => void } | undefined
  #isWanted = false
  #handedOutBytes = 0
  #hasFinCome = false
  #isFinSent = false
  #isReset = false

  /** @param credit what the other side takes at first */
  constructor(streamId: number, credit: number, carrier: StreamCarrier) {
    // One byte: what waits for the reader waits here and not in Node's buffer too.
    super({ allowHalfOpen: true, readableHighWaterMark: 1, writableHighWaterMark: writableBytes })
    this.streamId = streamId
    this.#credit = credit
    this.#carrier = carrier
    // A stream may break before its owner has got it: the owner finds `errored`, and the process goes on.
    this.on('error', ignoreError)
  }

  /** The present size of the window, for the connection's books. */
  get windowBytes(): number {
    return this.#window.size
  }

  onData(payload: Uint8Array): void {
    if (this.destroyed || payload.length === 0) return
    if (this.#hasFinCome || !this.#window.take(payload.length)) {
      this.#reset('window-overrun', 'more bytes came than there was credit for')
      return
    }
    if (!this.#isWanted) {
      this.#received.push(payload)
      return
    }
    this.#isWanted = false
    this.#handedOutBytes = payload.length
    this.push(ownMemoryOf(payload))
  }

  onWindow(creditBytes: number): void {
    this.#credit = Math.min(this.#credit + creditBytes, creditMax)
    if (this.#outgoing !== undefined && this.#credit > 0) this.#carrier.wantsTurn(this)
  }

  onFin(): void {
    this.#hasFinCome = true
    if (!this.#isWanted) return
    this.#isWanted = false
    this.push(null)
  }

  onReset(code: ResetCode, detail: string): void {
    this.fail(new StreamError(code, detail))
  }

  /** Ends the stream without a word to the other side. */
  fail(error: StreamError): void {
    this.#isReset = true
    this.destroy(error)
  }

  /** The payload of the next Data frame; undefined when bytes or credit are used up. */
  nextPayload(): Buffer | undefined {
    const outgoing = this.#outgoing
    const chunk = outgoing?.chunks[0]
    if (outgoing === undefined || chunk === undefined || this.#credit === 0) return undefined
    const payload = chunk.subarray(0, Math.min(streamLimits.payloadBytes, this.#credit))
    this.#credit -= payload.length
    if (payload.length < chunk.length) outgoing.chunks[0] = chunk.subarray(payload.length)
    else outgoing.chunks.shift()
    return payload
  }

  /** After the payload was sent. Whether the stream wants another turn. */
  payloadSent(): boolean {
    const outgoing = this.#outgoing
    if (outgoing === undefined) return false
    if (outgoing.chunks.length > 0) return this.#credit > 0
    this.#outgoing = undefined
    // The writer may hand over more at once, and ask for its turn itself.
    outgoing.written()
    return false
  }

  override _read(): void {
    this.#consumeHandedOut()
    const chunk = this.#received.take()
    if (chunk !== undefined) {
      this.#handedOutBytes = chunk.length
      this.push(chunk)
    } else if (this.#hasFinCome) this.push(null)
    else this.#isWanted = true
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: (error?: Error) => void): void {
    this.#begin([chunk], written)
  }

  override _writev(writes: { chunk: Buffer }[], written: (error?: Error) => void): void {
    this.#begin(gather(writes.map(({ chunk }) => chunk)), written)
  }

  override _final(finished: (error?: Error) => void): void {
    this.#isFinSent = true
    this.#carrier.sendFin(this.streamId)
    finished()
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    if (!this.#isReset && !(this.#isFinSent && this.#hasFinCome)) {
      this.#carrier.sendReset(this.streamId, 'closed', '')
    }
    this.#received.clear()
    const outgoing = this.#outgoing
    this.#outgoing = undefined
    this.#carrier.forget(this)
    outgoing?.written(error ?? new StreamError('closed', 'the stream was given up'))
    destroyed(error)
  }

  #begin(chunks: Buffer[], written: (error?: Error) => void): void {
    const filled = chunks.filter(({ length }) => length > 0)
    if (filled.length === 0) {
      written()
      return
    }
    this.#outgoing = { chunks: filled, written }
    if (this.#credit > 0) this.#carrier.wantsTurn(this)
  }

  #consumeHandedOut(): void {
    const bytes = this.#handedOutBytes
    if (bytes === 0) return
    this.#handedOutBytes = 0
    const credit = this.#window.consume(this.#carrier.consumption(bytes))
    // Who has sent everything needs no credit.
    if (credit > 0 && !this.#hasFinCome) this.#carrier.sendWindow(this.streamId, credit)
  }

  #reset(code: ResetCode, detail: string): void {
    this.#carrier.sendReset(this.streamId, code, clampText(detail, protocolLimits.detailBytesMax))
    this.fail(new StreamError(code, detail))
  }
}

/** What was read from a socket may be a small view of a buffer that it would keep alive. */
function ownMemoryOf(payload: Uint8Array): Uint8Array {
  return payload.buffer.byteLength > 2 * payload.length ? Buffer.from(payload) : payload
}

/** Joins small writes, so that they share frames. */
function gather(chunks: Buffer[]): Buffer[] {
  const joined: Buffer[] = []
  let small: Buffer[] = []
  let smallBytes = 0
  for (const chunk of chunks) {
    if (smallBytes > 0 && smallBytes + chunk.length > streamLimits.payloadBytes) {
      joined.push(Buffer.concat(small))
      small = []
      smallBytes = 0
    }
    small.push(chunk)
    smallBytes += chunk.length
  }
  if (smallBytes > 0) joined.push(small.length === 1 && small[0] ? small[0] : Buffer.concat(small))
  return joined
}
