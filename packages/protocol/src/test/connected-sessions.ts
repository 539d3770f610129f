import { StreamSession, type StreamSessionEnd, type StreamSessionOptions } from '../streams/stream-session.ts'
import type { StreamOpening } from '../streams/stream-opening.ts'
import type { RawStream } from '../streams/raw-stream.ts'
import { connectSockets, type ConnectedSockets } from './connected-sockets.ts'

export interface ConnectedSessions extends ConnectedSockets {
  /** Opens streams, as the control plane does. */
  opener: StreamSession
  /** Accepts streams, as a gateway does. */
  acceptor: StreamSession
  /** The ends of the two sessions, once they have come. */
  ends: { opener?: StreamSessionEnd; acceptor?: StreamSessionEnd }
  /** The accepted end of each stream, by its id. */
  accepted: Map<number, RawStream>
  /** Both ends of a new stream. */
  openPair: () => Promise<[RawStream, RawStream]>
}

/** Two sessions over one real WebSocket; the acceptor takes every stream unless `onOpen` says otherwise. */
export async function connectSessions(
  options: Partial<Pick<StreamSessionOptions, 'idleMs' | 'streamsMax' | 'pingIntervalMs'>> & {
    onOpen?: (opening: StreamOpening) => void
  } = {},
): Promise<ConnectedSessions> {
  const { onOpen, ...given } = options
  const sockets = await connectSockets()
  const accepted = new Map<number, RawStream>()
  const ends: ConnectedSessions['ends'] = {}
  const session = { pingIntervalMs: 3000, idleMs: 60_000, elapsed: () => performance.now(), ...given }
  const opener = new StreamSession({
    ...session,
    channel: sockets.server,
    onEnd: (end) => (ends.opener = end),
  })
  const acceptor = new StreamSession({
    ...session,
    channel: sockets.client,
    onEnd: (end) => (ends.acceptor = end),
    onOpen:
      onOpen ??
      ((opening) => {
        const stream = opening.accept()
        if (stream !== undefined) accepted.set(stream.streamId, stream)
      }),
  })
  opener.start()
  acceptor.start()
  return {
    ...sockets,
    opener,
    acceptor,
    ends,
    accepted,
    openPair: async () => {
      const stream = await opener.open({ host: 'kubernetes.example', port: 6443 })
      const other = accepted.get(stream.streamId)
      if (other === undefined) throw new Error('nothing was accepted')
      return [stream, other]
    },
  }
}
