import { lookup } from 'node:dns'
import { once } from 'node:events'
import { connect, type LookupFunction, type Socket } from 'node:net'
import { streamLimits, type ResetCode, type StreamTarget } from '@postern/protocol'

/** A connection that nothing has been read of yet. */
export interface HostConnection {
  socket: Socket
  /**
   * Begins to read. Each piece is good until `next` is called, which asks for the one after it: all pieces come in the
   * same memory. With new memory for each, a fast host makes V8 collect garbage all the time, and reviews wait for it.
   */
  read: (take: (piece: Buffer, next: () => void) => void) => void
}

export type DialHostOutcome =
  | ({ kind: 'connected' } & HostConnection)
  | { kind: 'failed'; code: ResetCode; detail: string }

/** Opens a TCP connection. Never rejects, and leaves no socket behind unless connected. */
export type DialHost = (target: StreamTarget, signal: AbortSignal) => Promise<DialHostOutcome>

/** For name look-up and TCP together: less than the control plane waits, so that it hears why. */
const dialMsMax = 4_000
/** What is on its way waits in the stream's window, and as little as possible beside it. */
const bufferBytes = { readableHighWaterMark: 16 * 1024, writableHighWaterMark: 16 * 1024 }
/** Of one read: two Data frames. */
const readBytes = 2 * streamLimits.payloadBytes
/** An API server that is gone without a word is noticed by the kernel, if by nobody else. */
const keepAliveMs = 30_000

export interface DialHostOptions {
  msMax?: number
  /** Node's, which threads of the process do, a few at once, and nobody can call off. */
  lookUp?: LookupFunction
}

export function createDialHost({ msMax = dialMsMax, lookUp = lookup }: DialHostOptions = {}): DialHost {
  const shared = shareLookUps(lookUp)
  return async (target, signal) => {
    // Not AbortSignal.timeout, whose timer would outlive a dial that was given up at once.
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), msMax)
    const { socket, read } = open(target, shared)
    // Whoever waits hears of it by the event; and nothing breaks before the one who gets the socket listens.
    socket.on('error', () => undefined)
    try {
      await once(socket, 'connect', { signal: AbortSignal.any([signal, deadline.signal]) })
      return { kind: 'connected', socket, read }
    } catch (error) {
      socket.destroy()
      if (deadline.signal.aborted) {
        return { kind: 'failed', code: 'timeout', detail: `no answer in ${msMax} ms` }
      }
      return { kind: 'failed', ...failureOf(error) }
    } finally {
      clearTimeout(timer)
    }
  }
}

function open(target: StreamTarget, lookUp: LookupFunction): HostConnection {
  let taker: ((piece: Buffer) => void) | undefined
  /** A host may speak first, and before anybody is there to take it. */
  let early: Buffer | undefined
  const socket = connect({
    ...target,
    lookup: lookUp,
    allowHalfOpen: true,
    ...bufferBytes,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMs,
    onread: {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback(bytes, buffer) {
        const piece = Buffer.from(buffer.buffer, buffer.byteOffset, bytes)
        if (taker === undefined) early = piece
        else taker(piece)
        // No more is read before it is asked for.
        return false
      },
    },
  })
  return {
    socket,
    read(take) {
      taker = (piece) => take(piece, () => socket.resume())
      if (early === undefined) socket.resume()
      else taker(early)
    },
  }
}

/**
 * One look-up of a name at a time, whose answer all get who have asked meanwhile: a flood of streams that are opened and
 * reset leaves no more of them behind than there are allowed hosts.
 */
function shareLookUps(lookUp: LookupFunction): LookupFunction {
  const underWay = new Map<string, Parameters<LookupFunction>[2][]>()
  return (hostname, options, callback) => {
    const key = `${hostname} ${JSON.stringify(options)}`
    const waiting = underWay.get(key)
    if (waiting !== undefined) {
      waiting.push(callback)
      return
    }
    const all = [callback]
    underWay.set(key, all)
    lookUp(hostname, options, (error, address, family) => {
      underWay.delete(key)
      for (const tell of all) tell(error, address, family)
    })
  }
}

function failureOf(error: unknown): { code: ResetCode; detail: string } {
  // Several addresses of one name are tried and reported together.
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0])
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'closed'
  return { code: code === 'ETIMEDOUT' ? 'timeout' : 'unreachable', detail: code }
}
