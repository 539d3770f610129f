/** What happens to tunnels, for metrics. Every call is synchronous and must not throw. */
export interface TunnelObserver {
  tunnelOpened: (tunnel: TunnelFacts) => void
  tunnelClosed: (tunnel: TunnelFacts, end: TunnelEndKind, livedMs: number) => void
  /** By the code that the gateway was told. */
  upgradeRefused: (code: string) => void
  /** A verdict that is not for the review it names reached nobody. */
  answerDiscarded: (reason: DiscardReason, tunnel: TunnelFacts) => void
  /** One attempt on one tunnel. */
  reviewEnded: (outcome: string, durationMs: number, tunnel: TunnelFacts) => void
}

export interface TunnelFacts {
  tunnelId: string
  gatewayId: string
  organizationId: string
  instanceId: string
  /** The gateway's software version. */
  software: string
}

export type DiscardReason =
  /** The nonce is not the request's. */
  | 'wrong-nonce'
  /** The verdict is of another token. */
  | 'wrong-token'
  /** No review with this id waits: it timed out, was cancelled, or never was. */
  | 'nobody-waits'

export type TunnelEndKind =
  | 'lost'
  | 'silent'
  | 'malformed-frame'
  /** The gateway said GoAway. */
  | 'left'
  | 'replaced'
  | 'revoked'
  | 'shutting-down'

export const silentObserver: TunnelObserver = {
  tunnelOpened: () => undefined,
  tunnelClosed: () => undefined,
  upgradeRefused: () => undefined,
  answerDiscarded: () => undefined,
  reviewEnded: () => undefined,
}

/** A logger of pino's shape. */
export interface TunnelLog {
  info: (fields: object, message: string) => void
  warn: (fields: object, message: string) => void
  error: (fields: object, message: string) => void
}
