import type { Duplex } from 'node:stream'
import { features, StreamError, type ClusterFrame, type StreamTarget } from '@postern/protocol'
import type { GatewayTarget } from '../../gateways/gateway-target.ts'
import type { CandidateTunnel } from './candidate-tunnel.ts'
import type { GatewayStreams, StreamTunnel } from './gateway-streams.ts'
import type { RemoteStreams, RemoteStreamTunnel } from './remote-streams.ts'
import type { GatewayProcess } from './stream-calls.ts'

/** A live tunnel of this replica, as far as choosing one for a stream goes. */
export type OwnTunnel = StreamTunnel & CandidateTunnel

/** Tunnels of other replicas, and the way to open a stream through one. */
export interface OtherReplicas {
  tunnelsOf: (gatewayId: string) => readonly RemoteStreamTunnel[]
  streams: Pick<RemoteStreams, 'open' | 'isInDoubt'>
}

/** Whom a target stands for; `admits` refuses gateways of another cluster. */
export interface StreamMembers {
  memberIds: readonly string[]
  admits: (cluster: ClusterFrame | undefined) => boolean
}

export interface OpenStreamDependencies {
  streams: Pick<GatewayStreams, 'open' | 'loadOf'>
  tunnelsOf: (gatewayId: string) => readonly OwnTunnel[]
  others?: OtherReplicas | undefined
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

interface Candidate {
  gatewayId: string
  /** Others are better. */
  doubts: number
  isRemote: boolean
  /** Streams on the connection that is there already. */
  load: number
  draw: number
  open: (address: StreamTarget, signal: AbortSignal) => Promise<Duplex | undefined>
}

export function createOpenStream(dependencies: OpenStreamDependencies): OpenStream {
  const { membersOf, onRefused } = dependencies
  return async (target, organizationId, address, signal) => {
    const members = await membersOf(target, organizationId)
    const candidates = candidatesOf(members, organizationId, dependencies)
    const chosen = candidates.toSorted(byPreference).slice(0, attemptsMax)
    let failure = new StreamError('connection-lost', whyNone(target, members, dependencies))
    for (const [index, { gatewayId, open }] of chosen.entries()) {
      const isLast = index === chosen.length - 1
      const attempt = isLast ? signal : AbortSignal.any([signal, AbortSignal.timeout(attemptMs)])
      try {
        const stream = await open(address, attempt)
        if (stream !== undefined) return stream
        failure = new StreamError(
          'connection-lost',
          `the gateway ${gatewayId} opens no connection for streams`,
        )
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof StreamError) failure = error
        else if (!attempt.aborted) throw error
        else failure = new StreamError('timeout', `the gateway ${gatewayId} did not connect in time`)
      }
      onRefused?.(failure.reason)
    }
    throw failure
  }
}

/**
 * Those first that were heard lately and that reviews do not leave alone; of them this replica's own, and of these first
 * those with a connection, the one with fewest streams first; the others in any order, so that many replicas do not all
 * choose the same.
 */
function byPreference(one: Candidate, other: Candidate): number {
  return (
    one.doubts - other.doubts ||
    Number(one.isRemote) - Number(other.isRemote) ||
    one.load - other.load ||
    one.draw - other.draw
  )
}

/** One tunnel of each process of a gateway at each replica. T48: one of another organization is none. */
function candidatesOf(
  members: StreamMembers | undefined,
  organizationId: string,
  { streams, tunnelsOf, others, isOut, random }: OpenStreamDependencies,
): Candidate[] {
  const isUsable = (tunnel: CandidateTunnel): boolean =>
    tunnel.isRoutable &&
    tunnel.organizationId === organizationId &&
    tunnel.speaks(features.streams) &&
    members?.admits(tunnel.cluster) === true
  const doubtsOf = (tunnel: CandidateTunnel): number => (tunnel.isSuspect ? 2 : 0) + (isOut(tunnel) ? 1 : 0)
  const memberIds = members?.memberIds ?? []
  const own = memberIds.flatMap(tunnelsOf).filter(isUsable)
  const remote = others === undefined ? [] : memberIds.flatMap(others.tunnelsOf).filter(isUsable)
  return [
    ...onePerProcess(own, () => '').map((tunnel) => ({
      gatewayId: tunnel.gatewayId,
      doubts: doubtsOf(tunnel),
      isRemote: false,
      load: streams.loadOf(tunnel) ?? Number.MAX_SAFE_INTEGER,
      draw: random(),
      open: (address: StreamTarget, signal: AbortSignal) => streams.open(tunnel, address, signal),
    })),
    ...onePerProcess(
      remote.filter(({ streamAddress }) => streamAddress !== undefined),
      ({ heldBy }) => heldBy,
    ).map((tunnel) => ({
      gatewayId: tunnel.gatewayId,
      doubts: doubtsOf(tunnel) + (others?.streams.isInDoubt(tunnel) === true ? 4 : 0),
      isRemote: true,
      load: 0,
      draw: random(),
      open: async (address: StreamTarget, signal: AbortSignal) =>
        others?.streams.open(tunnel, address, signal),
    })),
  ]
}

/** @param placeOf where a tunnel is */
function onePerProcess<Tunnel extends CandidateTunnel>(
  tunnels: readonly Tunnel[],
  placeOf: (tunnel: Tunnel) => string,
): Tunnel[] {
  const processes = new Map<string, Tunnel>()
  for (const tunnel of tunnels) {
    const key = `${tunnel.gatewayId} ${tunnel.instanceId} ${placeOf(tunnel)}`
    const other = processes.get(key)
    if (other === undefined || (other.isSuspect && !tunnel.isSuspect)) processes.set(key, tunnel)
  }
  return [...processes.values()]
}

function whyNone(
  target: GatewayTarget,
  members: StreamMembers | undefined,
  { tunnelsOf, others }: OpenStreamDependencies,
): string {
  const name =
    target.kind === 'gateway' ? `the gateway ${target.gatewayId}` : `the pool ${target.gatewayPoolId}`
  if (members === undefined) return `there is no ${name.slice(4)}`
  const remote = members.memberIds.flatMap((memberId) => others?.tunnelsOf(memberId) ?? [])
  const isConnectedHere = members.memberIds.some((memberId) => tunnelsOf(memberId).length > 0)
  if (!isConnectedHere && remote.length === 0) return `${name} is not connected`
  return isConnectedHere || remote.some(({ streamAddress }) => streamAddress !== undefined)
    ? `${name} is of a version without streams, or leaving`
    : `${name} is connected to another replica, which opens no streams for others: POSTERN_REPLICA_LISTEN is not set there`
}
