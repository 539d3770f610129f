import type { Duplex } from 'node:stream'
import { features, StreamError, type ClusterFrame, type StreamTarget } from '@postern/protocol'
import type { GatewayTarget } from '../../gateways/gateway-target.ts'
import type { GatewayStreams, StreamTunnel } from './gateway-streams.ts'
import type { GatewayProcess } from './stream-calls.ts'

/** A live tunnel, as far as choosing one for a stream goes. */
export interface CandidateTunnel extends StreamTunnel {
  readonly isRoutable: boolean
  readonly isSuspect: boolean
  readonly cluster: ClusterFrame | undefined
}

/** Whom a target stands for; `admits` refuses gateways of another cluster. */
export interface StreamMembers {
  memberIds: readonly string[]
  admits: (cluster: ClusterFrame | undefined) => boolean
}

export interface OpenStreamDependencies {
  streams: Pick<GatewayStreams, 'open' | 'loadOf'>
  tunnelsOf: (gatewayId: string) => readonly CandidateTunnel[]
  /** Undefined: no such target in this organization. */
  membersOf: (target: GatewayTarget, organizationId: string) => Promise<StreamMembers | undefined>
  /** Reviews leave it alone for a while, because they failed or came late. */
  isOut: (process: GatewayProcess) => boolean
  /** From 0 to 1, without 1. */
  random: () => number
  /** A stream came to nothing at one gateway. */
  onRefused?: (reason: StreamError['reason']) => void
}

/** Opens a raw stream to a host through a gateway, or through any member of a pool. Rejects with StreamError, or the signal's reason. */
export type OpenStream = (
  target: GatewayTarget,
  organizationId: string,
  address: StreamTarget,
  signal: AbortSignal,
) => Promise<Duplex>

/** As with reviews: one, and one more. A third only when no connection was there at all. */
const attemptsMax = 3
/** For one process, when there are others: its call and its dial. */
const attemptMs = 4_500

export function createOpenStream(dependencies: OpenStreamDependencies): OpenStream {
  const { streams, tunnelsOf, membersOf, onRefused } = dependencies
  return async (target, organizationId, address, signal) => {
    const members = await membersOf(target, organizationId)
    const candidates = candidatesOf(members, organizationId, tunnelsOf)
    const chosen = inOrder(candidates, dependencies).slice(0, attemptsMax)
    let failure = new StreamError('connection-lost', whyNone(target, members, tunnelsOf))
    for (const [index, tunnel] of chosen.entries()) {
      const isLast = index === chosen.length - 1
      const attempt = isLast ? signal : AbortSignal.any([signal, AbortSignal.timeout(attemptMs)])
      try {
        const stream = await streams.open(tunnel, address, attempt)
        if (stream !== undefined) return stream
        failure = new StreamError(
          'connection-lost',
          `the gateway ${tunnel.gatewayId} opens no connection for streams`,
        )
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof StreamError) failure = error
        else if (!attempt.aborted) throw error
        else failure = new StreamError('timeout', `the gateway ${tunnel.gatewayId} did not connect in time`)
      }
      onRefused?.(failure.reason)
    }
    throw failure
  }
}

/** One tunnel of each process. T48: one of another organization is none. */
function candidatesOf(
  members: StreamMembers | undefined,
  organizationId: string,
  tunnelsOf: OpenStreamDependencies['tunnelsOf'],
): CandidateTunnel[] {
  const processes = new Map<string, CandidateTunnel>()
  for (const memberId of members?.memberIds ?? []) {
    for (const tunnel of tunnelsOf(memberId)) {
      if (!tunnel.isRoutable || tunnel.organizationId !== organizationId) continue
      if (!tunnel.speaks(features.streams) || members?.admits(tunnel.cluster) !== true) continue
      const key = `${tunnel.gatewayId} ${tunnel.instanceId}`
      const other = processes.get(key)
      if (other === undefined || (other.isSuspect && !tunnel.isSuspect)) processes.set(key, tunnel)
    }
  }
  return [...processes.values()]
}

/**
 * Those first that were heard lately and that reviews do not leave alone; of them those with a connection, the one with
 * fewest streams first; the others in any order, so that many replicas do not all choose the same.
 */
function inOrder(
  candidates: readonly CandidateTunnel[],
  { streams, isOut, random }: Pick<OpenStreamDependencies, 'streams' | 'isOut' | 'random'>,
): CandidateTunnel[] {
  return candidates
    .map((tunnel) => ({
      tunnel,
      doubts: (tunnel.isSuspect ? 2 : 0) + (isOut(tunnel) ? 1 : 0),
      load: streams.loadOf(tunnel) ?? Number.MAX_SAFE_INTEGER,
      draw: random(),
    }))
    .toSorted((one, other) => one.doubts - other.doubts || one.load - other.load || one.draw - other.draw)
    .map(({ tunnel }) => tunnel)
}

function whyNone(
  target: GatewayTarget,
  members: StreamMembers | undefined,
  tunnelsOf: OpenStreamDependencies['tunnelsOf'],
): string {
  const name =
    target.kind === 'gateway' ? `the gateway ${target.gatewayId}` : `the pool ${target.gatewayPoolId}`
  if (members === undefined) return `there is no ${name.slice(4)}`
  const isConnected = members.memberIds.some((memberId) => tunnelsOf(memberId).length > 0)
  return isConnected ? `${name} is of a version without streams, or leaving` : `${name} is not connected`
}
