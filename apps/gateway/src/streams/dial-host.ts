import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { ResetCode, StreamTarget } from '@postern/protocol'

export type DialHostOutcome =
  | { kind: 'connected'; socket: Socket }
  | { kind: 'failed'; code: ResetCode; detail: string }

/** Opens a TCP connection. Never rejects, and leaves no socket behind unless connected. */
export type DialHost = (target: StreamTarget, signal: AbortSignal) => Promise<DialHostOutcome>

/** For name look-up and TCP together: less than the control plane waits, so that it hears why. */
const dialMsMax = 4_000
/** What is on its way waits in the stream's window, and as little as possible beside it. */
const bufferBytes = { readableHighWaterMark: 16 * 1024, writableHighWaterMark: 16 * 1024 }
/** An API server that is gone without a word is noticed by the kernel, if by nobody else. */
const keepAliveMs = 30_000

export function createDialHost({ msMax = dialMsMax }: { msMax?: number } = {}): DialHost {
  return async (target, signal) => {
    // Not AbortSignal.timeout, whose timer would outlive a dial that was given up at once.
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), msMax)
    const socket = connect({
      ...target,
      allowHalfOpen: true,
      ...bufferBytes,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    })
    // Whoever waits hears of it by the event; and nothing breaks before the one who gets the socket listens.
    socket.on('error', () => undefined)
    try {
      await once(socket, 'connect', { signal: AbortSignal.any([signal, deadline.signal]) })
      return { kind: 'connected', socket }
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

function failureOf(error: unknown): { code: ResetCode; detail: string } {
  // Several addresses of one name are tried and reported together.
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0])
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'closed'
  return { code: code === 'ETIMEDOUT' ? 'timeout' : 'unreachable', detail: code }
}
