import type { Duplex } from 'node:stream'
import { StreamError } from '@postern/protocol'
import type { GatewayStreams, StreamTunnel } from './gateway-streams.ts'
import { readStreamRequest, type RemoteStreamAnswer, writeStreamAnswer } from './remote-stream.ts'

/** A tunnel of this replica, as far as streams of other replicas go. */
export interface HeldTunnel extends StreamTunnel {
  readonly tunnelId: string
}

export interface ServeRemoteStreamsDependencies {
  /** Of this replica alone: a request goes one hop. */
  tunnelsOf: (gatewayId: string) => readonly HeldTunnel[]
  streams: Pick<GatewayStreams, 'open'>
}

interface Answered {
  answer: Buffer
  stream?: Duplex
}

/**
 * Opens raw streams that other replicas ask for, through the tunnel that they name and no other. Where it may lead, the
 * gateway decides (T47), as for any stream. Rejects with the signal's reason alone.
 */
export function createServeRemoteStreams({
  tunnelsOf,
  streams,
}: ServeRemoteStreamsDependencies): (request: Uint8Array, signal: AbortSignal) => Promise<Answered> {
  return async (message, signal) => {
    const asked = readStreamRequest(message)
    if (asked === undefined) return refusal('unsupported', 'the request is not understood')
    const { organizationId, gatewayId, tunnelId, host, port } = asked
    const tunnel = tunnelsOf(gatewayId).find((other) => other.tunnelId === tunnelId)
    // T48: one of another organization is none.
    if (tunnel?.organizationId !== organizationId) return { answer: writeStreamAnswer({ kind: 'no-tunnel' }) }
    try {
      const stream = await streams.open(tunnel, { host, port }, signal)
      if (stream !== undefined) return { answer: writeStreamAnswer({ kind: 'opened' }), stream }
      return refusal('connection-lost', `the gateway ${gatewayId} opens no connection for streams`)
    } catch (error) {
      if (error instanceof StreamError) return refusal(error.reason, error.detail)
      throw error
    }
  }
}

function refusal(reason: StreamError['reason'], detail: string): Answered {
  const answer: RemoteStreamAnswer = { kind: 'refused', reason, detail }
  return { answer: writeStreamAnswer(answer) }
}
