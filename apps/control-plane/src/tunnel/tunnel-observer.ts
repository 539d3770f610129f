import type { StreamError } from '@postern/protocol'
import { type RemoteObserver, silentRemoteObserver } from './remote/remote-observer.ts'
import type { FinishReason, TunnelEndKind } from './tunnel-end.ts'

/** What happens to tunnels, for metrics. Every call is synchronous and must not throw. */
export interface TunnelObserver extends RemoteObserver {
  tunnelOpened: (tunnel: TunnelFacts) => void
  tunnelClosed: (tunnel: TunnelFacts, ending: TunnelEnding) => void
  /** From the moment that a tunnel was to take nothing new to its end. */
  tunnelDrained: (reason: FinishReason, durationMs: number) => void
  /** By the code that the gateway was told. */
  upgradeRefused: (code: string) => void
  /** A process showed an instance id that another process has; reviews go on, but one of the two has no tunnel. */
  instanceDuplicated: () => void
  /** A verdict that is not for the review it names reached nobody. */
  answerDiscarded: (reason: DiscardReason, tunnel: TunnelFacts) => void
  /** One attempt on one tunnel. */
  reviewEnded: (outcome: string, durationMs: number, tunnel: TunnelFacts) => void
  /** Called once, with the function that counts the tunnels; it is called whenever metrics are read. */
  countTunnelsBy: (count: () => TunnelCensus) => void
  /** A raw stream came to nothing at one gateway. */
  streamRefused: (reason: StreamError['reason']) => void
  /** How to count connections for raw streams, and the streams on them, at any moment. */
  countStreamsBy: (count: () => { connections: number; streams: number }) => void
  /** How to count the direct connections that carry raw streams between replicas: of others to this one, and to others. */
  countStreamHopsBy: (count: () => { incoming: number; outgoing: number }) => void
  /** A direct connection to this replica came to nothing. */
  streamHopRefused: (reason: string) => void
  /** A direct connection to another replica came to nothing. */
  streamHopFailed: (reason: string) => void
}

export interface TunnelFacts {
  tunnelId: string
  gatewayId: string
  organizationId: string
  instanceId: string
  /** The gateway's software version. */
  software: string
}

/** How a tunnel ended. */
export interface TunnelEnding {
  end: TunnelEndKind
  /** For people. */
  detail: string
  livedMs: number
  /** Since the last frame from the gateway: what cuts idle connections shows here. */
  idleMs: number
}

/** All tunnels of this replica at one moment. */
export interface TunnelCensus {
  states: Record<TunnelState, number>
  /** Reviews that wait for an answer: in all, and on the tunnel that has most of them. */
  inFlight: number
  inFlightMax: number
  /** Age of the review that waits longest; zero while none waits. */
  oldestUnansweredMs: number
  /** Of each tunnel's last ping, where one was answered; in ascending order. */
  roundTripsMs: Float64Array
}

/** `suspect`: nothing was heard for an interval. The last two take, or will soon take, nothing new. */
export type TunnelState = 'serving' | 'suspect' | 'asked-to-leave' | 'finishing'

export type DiscardReason =
  /** The nonce is not the request's. */
  | 'wrong-nonce'
  /** The verdict is of another token. */
  | 'wrong-token'
  /** No review with this id waits: it timed out, was cancelled, or never was. */
  | 'nobody-waits'

export const silentObserver: TunnelObserver = {
  ...silentRemoteObserver,
  tunnelOpened: () => undefined,
  tunnelClosed: () => undefined,
  tunnelDrained: () => undefined,
  upgradeRefused: () => undefined,
  instanceDuplicated: () => undefined,
  answerDiscarded: () => undefined,
  reviewEnded: () => undefined,
  countTunnelsBy: () => undefined,
  streamRefused: () => undefined,
  countStreamsBy: () => undefined,
  countStreamHopsBy: () => undefined,
  streamHopRefused: () => undefined,
  streamHopFailed: () => undefined,
}

/** A logger of pino's shape. */
export interface TunnelLog {
  info: (fields: object, message: string) => void
  warn: (fields: object, message: string) => void
  error: (fields: object, message: string) => void
}
