import type { Duplex } from 'node:stream'
import { StreamError } from '@postern/protocol'
import type { GatewayStreams, OpenStreamTo, StreamTunnel } from './gateway-streams.ts'
import {
  readStreamRequest,
  type RemoteStreamAnswer,
  type RemoteStreamRequest,
  writeStreamAnswer,
} from './remote-stream.ts'

/** A tunnel of this replica, as far as streams of other replicas go. */
export interface HeldTunnel extends StreamTunnel {
  readonly tunnelId: string
}

export interface ServeRemoteStreamsDependencies {
  /** Of this replica alone: a request goes one hop. */
  tunnelsOf: (gatewayId: string) => readonly HeldTunnel[]
  streams: Pick<GatewayStreams, 'open' | 'openTaken'>
}

type TunnelRequest = Extract<RemoteStreamRequest, { tunnelId: string }>

interface Answered {
  answer: Buffer
  stream?: Duplex
}

/**
 * Opens raw streams that other replicas ask for, through the tunnel or the connection that they name and no other. Where
 * it may lead, the gateway decides (T47), as for any stream. Rejects with the signal's reason alone.
 */
export function createServeRemoteStreams({
  tunnelsOf,
  streams,
}: ServeRemoteStreamsDependencies): (request: Uint8Array, signal: AbortSignal) => Promise<Answered> {
  /** T48: one of another organization is none. */
  const throughTunnel = ({
    gatewayId,
    organizationId,
    tunnelId,
  }: TunnelRequest): OpenStreamTo | undefined => {
    const tunnel = tunnelsOf(gatewayId).find((other) => other.tunnelId === tunnelId)
    if (tunnel?.organizationId !== organizationId) return undefined
    return (target, signal) => streams.open(tunnel, target, signal)
  }
  return async (message, signal) => {
    const asked = readStreamRequest(message)
    if (asked === undefined) return refusal('unsupported', 'the request is not understood')
    const { gatewayId, host, port } = asked
    const open = 'tunnelId' in asked ? throughTunnel(asked) : streams.openTaken(asked)
    if (open === undefined) return { answer: writeStreamAnswer({ kind: 'no-tunnel' }) }
    try {
      const stream = await open({ host, port }, signal)
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
