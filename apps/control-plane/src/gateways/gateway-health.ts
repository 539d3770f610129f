import type { ClusterFrame } from '@postern/protocol'

/** How a gateway is, as far as its tunnels tell. */
export type GatewayHealth =
  | { status: 'healthy' }
  /** Connected, but a review would not succeed or may be late; the reason is a sentence for people. */
  | { status: 'degraded'; reason: string }
  | { status: 'disconnected' }

/** What a gateway says of the cluster that it stands in. */
export type ReportedCluster = ClusterFrame
