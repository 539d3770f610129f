import {
  Heartbeat,
  heartbeatDefaults,
  type Frame,
  type FrameListener,
  type FrameSocket,
  type WelcomeFrame,
} from '@postern/protocol'
import type { InFlight, SessionReviews } from './in-flight.ts'
import type { SessionEnd } from './outcome.ts'

export interface SessionOptions {
  socket: FrameSocket
  welcome: WelcomeFrame
  /** The process's, of which the session takes a part. */
  inFlight: InFlight
  elapsed: () => number
  stop: AbortSignal
}

/** A server that asks for pings more often or more rarely than this is not followed, in milliseconds. */
const pingIntervalBounds = { min: 10, max: 30_000 } as const

const deaf: FrameListener = { frame: () => undefined, malformed: () => undefined, closed: () => undefined }

/** Serves one connected tunnel until it ends, and leaves no timer, review or socket behind. Never rejects. */
export async function serveSession(options: SessionOptions): Promise<SessionEnd> {
  const { socket, stop } = options
  const { promise, resolve } = Promise.withResolvers<SessionEnd>()
  const send = (frame: Frame): void => {
    socket.send(frame)
  }
  const reviews = options.inFlight.openSession(send)
  const heartbeat = new Heartbeat({
    intervalMs: pingIntervalOf(options.welcome),
    send,
    inFlight: () => options.inFlight.size,
    silent: () => {
      resolve({ kind: 'lost', detail: 'the control plane fell silent' })
    },
  })
  const onStop = (): void => {
    resolve({ kind: 'stopped' })
  }
  stop.addEventListener('abort', onStop)
  if (stop.aborted) onStop()
  socket.listen({
    frame(frame) {
      heartbeat.heard()
      const end = receive(frame, reviews, heartbeat)
      if (end !== undefined) resolve(end)
    },
    malformed: (reason) => {
      resolve({ kind: 'malformed-frame', reason })
    },
    closed: (detail) => {
      resolve({ kind: 'lost', detail })
    },
  })

  const end = await promise
  stop.removeEventListener('abort', onStop)
  // The socket may take a moment to close; a review that still comes is not begun.
  socket.listen(deaf)
  heartbeat.stop()
  reviews.abortAll()
  leave(socket, end)
  if (end.kind === 'stopped') await socket.closed
  return end
}

function receive(frame: Frame, reviews: SessionReviews, heartbeat: Heartbeat): SessionEnd | undefined {
  switch (frame.kind) {
    case 'review-token':
      reviews.take(frame)
      return undefined
    case 'cancel':
      reviews.cancel(frame.requestId)
      return undefined
    case 'ping':
      heartbeat.onPing(frame)
      return undefined
    case 'pong':
      heartbeat.onPong(frame)
      return undefined
    case 'go-away': {
      const { code, reason, reconnectAfterMs } = frame
      return { kind: 'told-to-leave', code, reason, reconnectAfterMs }
    }
    default:
      // Frames of features that this gateway did not announce, or that only a gateway sends.
      return undefined
  }
}

/** A silent or broken peer gets no closing handshake: it would not answer. */
function leave(socket: FrameSocket, end: SessionEnd): void {
  switch (end.kind) {
    case 'lost':
      socket.terminate()
      break
    case 'told-to-leave':
      socket.close()
      break
    case 'malformed-frame':
      socket.send({ kind: 'go-away', code: 'protocol-error', reason: end.reason, reconnectAfterMs: 0 })
      socket.close()
      break
    case 'stopped':
      socket.send({ kind: 'go-away', code: 'shutting-down', reason: '', reconnectAfterMs: 0 })
      socket.close()
      break
  }
}

function pingIntervalOf(welcome: WelcomeFrame): number {
  if (welcome.pingIntervalMs === 0) return heartbeatDefaults.pingIntervalMs
  return Math.min(Math.max(welcome.pingIntervalMs, pingIntervalBounds.min), pingIntervalBounds.max)
}
