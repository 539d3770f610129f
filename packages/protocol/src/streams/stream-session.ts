import type { GoAwayCode, ResetCode } from '../codes.ts'
import { Heartbeat } from '../connection/heartbeat.ts'
import type { FrameListener } from '../connection/frame-socket.ts'
import type { Frame, OpenFrame } from '../frames.ts'
import { clampText, protocolLimits } from '../limits.ts'
import { RawStream, type StreamCarrier } from './raw-stream.ts'
import type { Consumption } from './receive-window.ts'
import { RoundTrip } from './round-trip.ts'
import { StreamError } from './stream-error.ts'
import { streamLimits } from './stream-limits.ts'
import type { StreamOpening, StreamTarget } from './stream-opening.ts'

/** The connection: a FrameSocket. */
export interface FrameChannel {
  readonly isOpen: boolean
  /** What was sent and has not left yet. */
  readonly unsentBytes: number
  listen(listener: FrameListener): void
  send(frame: Frame): void
  close(): void
  terminate(): void
}

export type StreamSessionEnd =
  | { kind: 'closed' }
  /** No stream for as long as the options say. */
  | { kind: 'idle' }
  | { kind: 'told-to-leave'; code: GoAwayCode; reason: string }
  | { kind: 'lost'; detail: string }
  | { kind: 'protocol-error'; detail: string }

export interface StreamSessionOptions {
  channel: FrameChannel
  pingIntervalMs: number
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  /** How long the connection may be without a stream. */
  idleMs: number
  streamsMax?: number
  /** Without it the other side may open none. */
  onOpen?: (opening: StreamOpening) => void
  /** Called once. */
  onEnd?: (end: StreamSessionEnd) => void
}

interface PendingOpen {
  settle: (result: RawStream | StreamError) => void
}

const streamIdMax = 0xffff_ffff

/**
 * The raw streams of one connection; the same code serves both ends.
 *
 * 1. Only the control plane opens; ids count up and are never used again.
 * 2. Data leaves in turns, a frame of each stream that has bytes and credit, when the one before it has left; all other
 *    frames leave at once.
 * 3. `#end` is set once; from then on no stream is left, and nobody waits for one.
 */
export class StreamSession {
  readonly #options: StreamSessionOptions
  readonly #heartbeat: Heartbeat
  readonly #roundTrip: RoundTrip
  readonly #carrier: StreamCarrier
  readonly #streams = new Map<number, RawStream>()
  /** Streams that this side asked for, and those that the other side did. */
  readonly #asked = new Map<number, PendingOpen>()
  readonly #wished = new Map<number, AbortController>()
  /** In the order of their turns. */
  readonly #ready = new Set<RawStream>()
  #lastStreamId = 0
  #grownBytes = 0
  #isPumping = false
  #idleTimer: NodeJS.Timeout | undefined
  #end: StreamSessionEnd | undefined

  constructor(options: StreamSessionOptions) {
    this.#options = options
    this.#carrier = this.#createCarrier()
    this.#heartbeat = new Heartbeat({
      intervalMs: options.pingIntervalMs,
      send: (frame) => options.channel.send(frame),
      inFlight: () => this.size,
      silent: () => {
        this.#finish({ kind: 'lost', detail: 'the other side fell silent' })
        options.channel.terminate()
      },
    })
    this.#roundTrip = new RoundTrip({
      send: (frame) => options.channel.send(frame),
      elapsed: options.elapsed,
    })
    this.#watchIdle()
  }

  /** Begins to hear; called once. What has waited in the channel is heard at once. */
  start(): void {
    this.#options.channel.listen({
      frame: (frame) => {
        this.#receive(frame)
      },
      malformed: (reason) => {
        this.#breakOff(reason)
      },
      closed: (detail) => {
        this.#finish({ kind: 'lost', detail })
      },
      sent: () => {
        if (this.#ready.size > 0) this.#pump()
      },
    })
    if (this.#end === undefined) this.#roundTrip.start()
  }

  /** Streams, and those that are being opened. */
  get size(): number {
    return this.#streams.size + this.#asked.size + this.#wished.size
  }

  get isOpen(): boolean {
    return this.#end === undefined && this.#options.channel.isOpen
  }

  /** Nothing was heard for an interval: other connections are better. */
  get isSuspect(): boolean {
    return this.#heartbeat.isSuspect
  }

  get roundTripMs(): number | undefined {
    return this.#heartbeat.roundTripMs
  }

  /**
   * Asks the other side for a stream.
   * @throws StreamError, or the signal's reason
   */
  async open(target: StreamTarget, signal?: AbortSignal): Promise<RawStream> {
    signal?.throwIfAborted()
    if (!this.isOpen) throw new StreamError('connection-lost', 'the connection is closed')
    if (this.size >= this.#streamsMax || this.#lastStreamId === streamIdMax) {
      throw new StreamError('overloaded', `${this.size} streams are open`)
    }
    const streamId = ++this.#lastStreamId
    const { promise, resolve } = Promise.withResolvers<RawStream | StreamError>()
    this.#asked.set(streamId, { settle: resolve })
    const leave = (): void => {
      if (!this.#asked.delete(streamId)) return
      this.#carrier.sendReset(streamId, 'closed', '')
      resolve(new StreamError('closed', 'nobody waits for it any more'))
    }
    signal?.addEventListener('abort', leave, { once: true })
    this.#watchIdle()
    this.#options.channel.send({ kind: 'open', streamId, ...target, windowBytes: streamLimits.windowBytes })
    const result = await promise
    signal?.removeEventListener('abort', leave)
    this.#watchIdle()
    // It may have been opened in the turn in which the one who asked left.
    if (signal?.aborted === true && result instanceof RawStream) result.destroy()
    signal?.throwIfAborted()
    if (result instanceof StreamError) throw result
    if (result.errored !== null) throw result.errored
    return result
  }

  /** Ends the connection and all of its streams, with a word to the other side. */
  close(code: GoAwayCode, reason: string, end: StreamSessionEnd = { kind: 'closed' }): void {
    if (this.#end !== undefined) return
    const { channel } = this.#options
    this.#finish(end)
    channel.send({
      kind: 'go-away',
      code,
      reason: clampText(reason, protocolLimits.detailBytesMax),
      reconnectAfterMs: 0,
    })
    channel.close()
  }

  get #streamsMax(): number {
    return this.#options.streamsMax ?? streamLimits.streamsMax
  }

  #receive(frame: Frame): void {
    if (this.#end !== undefined) return
    this.#heartbeat.heard()
    switch (frame.kind) {
      case 'data':
        this.#streams.get(frame.streamId)?.onData(frame.payload)
        break
      case 'window':
        this.#streams.get(frame.streamId)?.onWindow(frame.creditBytes)
        break
      case 'fin':
        this.#streams.get(frame.streamId)?.onFin()
        break
      case 'reset':
        this.#onReset(frame.streamId, frame.code, frame.detail)
        break
      case 'open':
        this.#onOpen(frame)
        break
      case 'opened':
        this.#onOpened(frame.streamId, frame.windowBytes)
        break
      default:
        this.#receiveOfConnection(frame)
    }
  }

  #receiveOfConnection(frame: Frame): void {
    switch (frame.kind) {
      case 'ping':
        this.#heartbeat.onPing(frame)
        break
      case 'pong':
        this.#heartbeat.onPong(frame)
        this.#roundTrip.answered(frame.nonce)
        this.#learnRoundTrip()
        break
      case 'go-away':
        this.#finish({ kind: 'told-to-leave', code: frame.code, reason: frame.reason })
        this.#options.channel.close()
        break
      default:
        // Frames of the other purpose have no meaning here.
        break
    }
  }

  #onOpen({ streamId, host, port, windowBytes }: OpenFrame): void {
    const { onOpen } = this.#options
    if (onOpen === undefined) {
      this.#carrier.sendReset(streamId, 'unsupported', 'this side opens streams itself')
      return
    }
    if (streamId <= this.#lastStreamId) {
      this.#breakOff('open: an id that was used before')
      return
    }
    this.#lastStreamId = streamId
    if (this.size >= this.#streamsMax) {
      this.#carrier.sendReset(streamId, 'overloaded', `${this.size} streams are open`)
      return
    }
    const gone = new AbortController()
    this.#wished.set(streamId, gone)
    this.#watchIdle()
    onOpen({
      host,
      port,
      signal: gone.signal,
      accept: () => {
        if (!this.#wished.delete(streamId)) return undefined
        this.#options.channel.send({ kind: 'opened', streamId, windowBytes: streamLimits.windowBytes })
        return this.#addStream(streamId, windowBytes)
      },
      refuse: (code, detail) => {
        if (!this.#wished.delete(streamId)) return
        this.#carrier.sendReset(streamId, code, clampText(detail, protocolLimits.detailBytesMax))
        this.#watchIdle()
      },
    })
  }

  #onOpened(streamId: number, windowBytes: number): void {
    const asked = this.#asked.get(streamId)
    if (asked === undefined) return
    this.#asked.delete(streamId)
    asked.settle(this.#addStream(streamId, windowBytes))
  }

  #onReset(streamId: number, code: ResetCode, detail: string): void {
    this.#streams.get(streamId)?.onReset(code, detail)
    const asked = this.#asked.get(streamId)
    this.#asked.delete(streamId)
    asked?.settle(new StreamError(code, detail))
    const wished = this.#wished.get(streamId)
    this.#wished.delete(streamId)
    wished?.abort()
    this.#watchIdle()
  }

  #addStream(streamId: number, credit: number): RawStream {
    const stream = new RawStream(streamId, credit, this.#carrier)
    this.#streams.set(streamId, stream)
    return stream
  }

  #createCarrier(): StreamCarrier {
    const { channel } = this.#options
    return {
      wantsTurn: (stream) => {
        this.#ready.add(stream)
        this.#pump()
      },
      sendWindow: (streamId, creditBytes) => channel.send({ kind: 'window', streamId, creditBytes }),
      sendFin: (streamId) => channel.send({ kind: 'fin', streamId }),
      sendReset: (streamId, code, detail) => channel.send({ kind: 'reset', streamId, code, detail }),
      consumption: (bytes) => this.#consumption(bytes),
      forget: (stream) => {
        this.#ready.delete(stream)
        if (!this.#streams.delete(stream.streamId)) return
        this.#grownBytes -= stream.windowBytes - streamLimits.windowBytes
        this.#watchIdle()
      },
    }
  }

  #consumption(bytes: number): Consumption {
    return {
      bytes,
      now: this.#options.elapsed(),
      roundTripMs: this.#roundTrip.ms,
      resize: (wish) => {
        const granted = Math.min(wish, streamLimits.grownBytesMax - this.#grownBytes)
        this.#grownBytes += granted
        return granted
      },
    }
  }

  #learnRoundTrip(): void {
    const { roundTripMs } = this.#heartbeat
    if (roundTripMs !== undefined) this.#roundTrip.learn(roundTripMs)
  }

  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    const { channel } = this.#options
    // One after the other: what waits together is written together, and a TLS record then ends within a frame.
    while (channel.isOpen && channel.unsentBytes === 0) {
      const [stream] = this.#ready
      if (stream === undefined) break
      this.#ready.delete(stream)
      const payload = stream.nextPayload()
      if (payload === undefined) continue
      channel.send({ kind: 'data', streamId: stream.streamId, payload })
      if (stream.payloadSent()) this.#ready.add(stream)
    }
    this.#isPumping = false
  }

  #watchIdle(): void {
    if (this.#end !== undefined || this.size > 0) {
      clearTimeout(this.#idleTimer)
      this.#idleTimer = undefined
      return
    }
    this.#idleTimer ??= setTimeout(() => {
      this.close('shutting-down', 'no stream for a while', { kind: 'idle' })
    }, this.#options.idleMs)
  }

  /** The other side broke the rules. */
  #breakOff(detail: string): void {
    this.close('protocol-error', detail, { kind: 'protocol-error', detail })
  }

  #finish(end: StreamSessionEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#heartbeat.stop()
    this.#roundTrip.stop()
    this.#watchIdle()
    const lost = new StreamError('connection-lost', 'detail' in end ? end.detail : end.kind)
    for (const { settle } of this.#asked.values()) settle(lost)
    for (const gone of this.#wished.values()) gone.abort()
    this.#asked.clear()
    this.#wished.clear()
    for (const stream of this.#streams.values()) stream.fail(lost)
    this.#ready.clear()
    this.#options.onEnd?.(end)
  }
}
