import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { decodeFrame, encodeFrame } from '../codec.ts'
import type { DataFrame, Frame } from '../frames.ts'
import { DataMessages } from './data-messages.ts'

export interface FrameListener {
  frame(frame: Frame): void
  /** Bytes that are no frame. Nothing is delivered after this; the listener ends the connection. */
  malformed(reason: string): void
  /** The connection is gone, whoever ended it. Called once. */
  closed(detail: string): void
  /** A frame has left this process; there is room for more. */
  sent?(): void
}

/** Of the WebSocket: a client masks what it sends. */
export type FrameSocketSide = 'client' | 'server'

/** How long a closing handshake may take before the socket is destroyed, in milliseconds. */
const closeTimeoutMs = 1000
/**
 * Of one write: a TLS record. More would only keep the other side idle meanwhile, and a frame that two records share is
 * copied where it arrives. Source: RFC 8446 section 5.1.
 */
export const writeBytesMax = 16 * 1024
/** A write of as much waits for no more, and a read of as much says that more is there. */
const fullBytes = writeBytesMax - 256
/** Of WebSocket, before a message of the length of a frame. Source: RFC 6455 section 5.2. */
const headerBytesMax = 8
/** What may wait between two listeners: the reviews that a gateway takes, and no more than a tunnel may cost. */
const waitingMax = { frames: 512, bytes: 1024 * 1024 } as const
/** What may be sent and not have left yet: more than all the reviews that a gateway takes, with the longest tokens. */
const unsentMax = { bytes: 4 * 1024 * 1024, frames: 8192 } as const

/**
 * Frames over one open WebSocket.
 *
 * 1. What is sent in one turn of the event loop leaves in few writes: the stream is corked until a TLS record
 *    is full or the turn ends.
 * 2. Between two listeners (handshake, then session) frames wait and none is lost.
 * 3. Frames of a newer version are dropped here.
 * 4. A peer that makes this side send and does not read is cut off, before what waits for it fills the memory.
 * 5. A peer that never stops sending is read once a turn of the event loop, so that the others have theirs.
 */
export class FrameSocket {
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
  readonly #webSocket: WebSocket
  readonly #stream: Duplex
  readonly #flush = (): void => {
    this.#flushIsDue = false
    this.#uncork()
  }
  readonly #onSent = (): void => {
    this.#unsentFrames -= 1
    this.#listener?.sent?.()
  }
  readonly #side: FrameSocketSide
  #dataMessages: DataMessages | undefined
  #listener: FrameListener | undefined
  #waiting: (() => void)[] = []
  #waitingBytes = 0
  #corkedBytes = 0
  #flushIsDue = false
  #unsentFrames = 0
  #deaf = false
  #problem = ''
  #closeTimer: NodeJS.Timeout | undefined

  /** @param stream the connection under the WebSocket, whose writes are gathered */
  constructor(webSocket: WebSocket, stream: Duplex, side: FrameSocketSide) {
    this.#side = side
    this.#webSocket = webSocket
    this.#stream = stream
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    webSocket.binaryType = 'nodebuffer'
    stream.on('data', (chunk: Buffer) => {
      if (chunk.length < fullBytes) return
      webSocket.pause()
      setImmediate(() => webSocket.resume())
    })
    webSocket.on('message', (data, isBinary) => {
      this.#receive(data, isBinary)
    })
    // Only what breaks the rules of WebSocket, or is too long, is an error here; a connection that breaks just closes.
    webSocket.on('error', (error) => {
      this.#problem = 'code' in error ? String(error.code) : error.name
      this.#refuse(this.#problem)
    })
    webSocket.on('close', (code) => {
      clearTimeout(this.#closeTimer)
      resolve()
      const detail =
        this.#problem === '' ? `closed with ${code}` : `closed with ${code} after ${this.#problem}`
      this.#deliver((listener) => {
        listener.closed(detail)
      })
    })
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN
  }

  /** Bytes of frames that were sent and have not left this process yet. */
  get unsentBytes(): number {
    return this.#webSocket.bufferedAmount
  }

  /** Makes `listener` the one that hears; it gets what has waited at once. Without one, frames wait. */
  listen(listener: FrameListener | undefined): void {
    this.#listener = listener
    while (this.#listener !== undefined) {
      const next = this.#waiting.shift()
      if (next === undefined) {
        this.#waitingBytes = 0
        return
      }
      next()
    }
  }

  /**
   * Sends at the end of this turn of the event loop; a frame for a closed connection is dropped.
   * @throws FrameTooLargeError as `encodeFrame`
   */
  send(frame: Frame): void {
    if (!this.isOpen) return
    if (this.#unsentFrames >= unsentMax.frames || this.#webSocket.bufferedAmount >= unsentMax.bytes) {
      this.#problem = 'the other side did not read'
      this.terminate()
      return
    }
    if (frame.kind === 'data') this.#sendData(frame)
    else {
      const bytes = encodeFrame(frame)
      this.#gather(headerBytesMax + bytes.length)
      this.#webSocket.send(bytes, this.#onSent)
    }
    if (this.#corkedBytes >= fullBytes) this.#uncork()
    else if (!this.#flushIsDue) {
      this.#flushIsDue = true
      setImmediate(this.#flush)
    }
  }

  /** Past ws, which hands over at once what it is given, and so keeps the order. */
  #sendData(frame: DataFrame): void {
    this.#dataMessages ??= new DataMessages(this.#side)
    const { bytes, sent } = this.#dataMessages.encode(frame)
    this.#gather(bytes.length)
    this.#stream.write(bytes, () => {
      sent()
      this.#onSent()
    })
  }

  /** Before so many bytes are written. */
  #gather(bytes: number): void {
    if (this.#corkedBytes + bytes > writeBytesMax) this.#uncork()
    if (this.#corkedBytes === 0) this.#stream.cork()
    this.#corkedBytes += bytes
    this.#unsentFrames += 1
  }

  #uncork(): void {
    if (this.#corkedBytes === 0) return
    this.#corkedBytes = 0
    this.#stream.uncork()
  }

  /** Ends the connection after what was sent has left, or in a second. */
  close(): void {
    if (this.#closeTimer !== undefined || this.#webSocket.readyState === this.#webSocket.CLOSED) return
    this.#closeTimer = setTimeout(() => {
      this.#webSocket.terminate()
    }, closeTimeoutMs)
    this.#webSocket.close(1000)
  }

  /** Ends the connection now, whatever the other side does. */
  terminate(): void {
    this.#webSocket.terminate()
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#deaf) return
    if (!isBinary || !Buffer.isBuffer(data)) {
      this.#refuse('a text message')
      return
    }
    const frame = decodeFrame(data)
    if (frame.kind === 'unknown') return
    if (frame.kind === 'malformed') this.#refuse(frame.reason)
    else if (this.#listener !== undefined) this.#listener.frame(frame)
    else {
      this.#waitingBytes += data.length
      this.#deliver((listener) => {
        listener.frame(frame)
      })
    }
  }

  #refuse(reason: string): void {
    if (this.#deaf) return
    this.#deaf = true
    this.#deliver((listener) => {
      listener.malformed(reason)
    })
  }

  get #isWaitingFull(): boolean {
    return this.#waiting.length >= waitingMax.frames || this.#waitingBytes > waitingMax.bytes
  }

  #deliver(event: (listener: FrameListener) => void): void {
    if (this.#listener !== undefined) event(this.#listener)
    else if (this.#isWaitingFull && this.#webSocket.readyState !== this.#webSocket.CLOSED) {
      this.#deaf = true
      this.#problem = 'more came than may wait'
      this.#webSocket.terminate()
    } else {
      this.#waiting.push(() => {
        if (this.#listener !== undefined) event(this.#listener)
      })
    }
  }
}
