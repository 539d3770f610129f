/** How a gateway is, as far as this replica's own tunnels tell. */
export type GatewayHealth =
  | { status: 'healthy' }
  /** Connected, but a review would not succeed or may be late; the reason is a sentence for people. */
  | { status: 'degraded'; reason: string }
  | { status: 'disconnected' }

/** What a gateway says of the cluster that it stands in; `ClusterFrame` of the wire. */
export interface ReportedCluster {
  kind: 'cluster'
  /** SHA-256 of each root certificate of its CA bundle (DER). */
  rootCaSha256: readonly Uint8Array[]
  /** The `iss` of its service accounts' tokens. */
  tokenIssuer: string
  /** RFC 7638 thumbprints of the keys that the issuer publishes. */
  issuerKeySha256: readonly Uint8Array[]
}
