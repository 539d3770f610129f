import { minorVersion, type FrameSocket, type PeerLimits, type TunnelPurpose } from '@postern/protocol'
import { remedyFor } from './explain-failure.ts'
import type { HandshakeOutcome } from './outcome.ts'

export interface HandshakeOptions {
  host: string
  instanceId: string
  /** Which of the process's parallel tunnels this is, from 0. */
  slot: number
  /** Counts that slot's connections from 1. */
  epoch: number
  purpose: TunnelPurpose
  /** Of the DialStreams that this connection answers; empty for reviews. */
  ticket: Uint8Array
  software: string
  /** Bits of what this gateway can do on the connection. */
  features: number
  limits: PeerLimits
  deadline: AbortSignal
  stop: AbortSignal
}

/** Sends Hello and waits for Welcome or Refusal. The socket is terminated unless welcomed. Never rejects. */
export async function handshake(socket: FrameSocket, options: HandshakeOptions): Promise<HandshakeOutcome> {
  const { promise, resolve } = Promise.withResolvers<HandshakeOutcome>()
  const settle = (outcome: HandshakeOutcome): void => {
    // Reviews may follow Welcome in the same packet: they wait for the session.
    socket.listen(undefined)
    resolve(outcome)
  }
  const unreachable = (detail: string): HandshakeOutcome => ({
    kind: 'unreachable',
    hop: 'welcome',
    detail,
    remedy: remedyFor('welcome', options.host),
  })
  socket.listen({
    frame(frame) {
      if (frame.kind === 'welcome') settle({ kind: 'welcomed', welcome: frame })
      else if (frame.kind === 'refusal') settle(refusedBy(frame))
      else settle(unreachable(`the first frame was ${frame.kind}`))
    },
    malformed: (reason) => {
      settle(unreachable(`malformed frame: ${reason}`))
    },
    closed: (detail) => {
      settle(unreachable(detail))
    },
  })
  const { instanceId, slot, epoch, purpose, ticket, software, features, limits } = options
  const hello = { minorVersion, features, instanceId, slot, epoch, purpose, ticket, software, limits }
  socket.send({ kind: 'hello', ...hello })

  const onStop = (): void => {
    settle({ kind: 'stopped' })
  }
  const onDeadline = (): void => {
    settle(unreachable('no Welcome in time'))
  }
  options.stop.addEventListener('abort', onStop)
  options.deadline.addEventListener('abort', onDeadline)
  if (options.stop.aborted) onStop()
  if (options.deadline.aborted) onDeadline()
  const outcome = await promise
  options.stop.removeEventListener('abort', onStop)
  options.deadline.removeEventListener('abort', onDeadline)
  if (outcome.kind !== 'welcomed') socket.terminate()
  return outcome
}

function refusedBy(frame: {
  code: string
  message: string
  permanent: boolean
  retryAfterMs: number
}): HandshakeOutcome {
  const { code, message, permanent, retryAfterMs } = frame
  return {
    kind: 'refused',
    refusal: { code, message, permanent, ...(retryAfterMs === 0 ? {} : { retryAfterMs }) },
  }
}
