import type {
  FailureCode,
  GoAwayCode,
  KeyRotationCode,
  RefusalCode,
  ResetCode,
  TunnelPurpose,
} from './codes.ts'

// The frames as the code sees them. tunnel.proto says what each field means; README.md says who sends what when.

export interface PeerLimits {
  frameBytesMax: number
  tokenBytesMax: number
  reviewsInFlightMax: number
  reviewsQueuedMax: number
}

export interface HelloFrame {
  kind: 'hello'
  minorVersion: number
  features: number
  instanceId: string
  epoch: number
  software: string
  limits: PeerLimits
  /** Which of the process's parallel tunnels, from 0. */
  slot: number
  purpose: TunnelPurpose
  /** Of the DialStreams that this connection answers; empty for reviews. */
  ticket: Uint8Array
}

export interface WelcomeFrame {
  kind: 'welcome'
  minorVersion: number
  features: number
  replicaId: string
  serverTimeMs: number
  pingIntervalMs: number
  limits: PeerLimits
}

export interface RefusalFrame {
  kind: 'refusal'
  code: RefusalCode
  message: string
  retryAfterMs: number
  permanent: boolean
}

export interface ReviewTokenFrame {
  kind: 'review-token'
  requestId: number
  nonce: Uint8Array
  token: string
  audiences: readonly string[]
  deadlineMs: number
  attempt: number
}

export interface AcceptedFrame {
  kind: 'accepted'
  requestId: number
}

export interface TokenReviewedFrame {
  kind: 'token-reviewed'
  requestId: number
  nonce: Uint8Array
  tokenSha256: Uint8Array
  authenticated: boolean
  username: string
  uid: string
  groups: readonly string[]
  audiences: readonly string[]
  error: string
}

export interface FailureFrame {
  kind: 'failure'
  requestId: number
  code: FailureCode
  retryAfterMs: number
  detail: string
}

export interface CancelFrame {
  kind: 'cancel'
  requestId: number
}

export interface PingFrame {
  kind: 'ping'
  nonce: number
  inFlight: number
  eventLoopLagMs: number
}

export interface PongFrame {
  kind: 'pong'
  nonce: number
  inFlight: number
  eventLoopLagMs: number
}

export interface HealthFrame {
  kind: 'health'
  apiServerReachable: boolean
  mayReviewTokens: boolean
  credentialExpiresAtS: number
  detail: string
}

export interface DrainFrame {
  kind: 'drain'
  withinMs: number
  reason: string
}

export interface DrainedFrame {
  kind: 'drained'
}

export interface GoAwayFrame {
  kind: 'go-away'
  code: GoAwayCode
  reason: string
  reconnectAfterMs: number
}

export interface OpenFrame {
  kind: 'open'
  streamId: number
  host: string
  port: number
  windowBytes: number
}

export interface OpenedFrame {
  kind: 'opened'
  streamId: number
  windowBytes: number
}

export interface DataFrame {
  kind: 'data'
  streamId: number
  payload: Uint8Array
}

export interface WindowFrame {
  kind: 'window'
  streamId: number
  creditBytes: number
}

export interface FinFrame {
  kind: 'fin'
  streamId: number
}

export interface ResetFrame {
  kind: 'reset'
  streamId: number
  code: ResetCode
  detail: string
}

export interface ClusterFrame {
  kind: 'cluster'
  /** SHA-256 of each certificate of the cluster's root CA bundle. */
  rootCaSha256: readonly Uint8Array[]
  /** The issuer of its service-account tokens; empty when unknown. */
  tokenIssuer: string
  /** RFC 7638 thumbprints of the issuer's published keys. */
  issuerKeySha256: readonly Uint8Array[]
}

export interface RotateKeyFrame {
  kind: 'rotate-key'
  /** Ed25519, 32 bytes. */
  publicKey: Uint8Array
  /** By the new key, over `rotationProofText`. */
  proof: Uint8Array
}

export interface KeyRotatedFrame {
  kind: 'key-rotated'
  /** Of the new key. */
  keyId: string
  code: KeyRotationCode
  detail: string
}

export interface DialStreamsFrame {
  kind: 'dial-streams'
  ticket: Uint8Array
}

export type Frame =
  | HelloFrame
  | WelcomeFrame
  | RefusalFrame
  | ReviewTokenFrame
  | AcceptedFrame
  | TokenReviewedFrame
  | FailureFrame
  | CancelFrame
  | PingFrame
  | PongFrame
  | HealthFrame
  | DrainFrame
  | DrainedFrame
  | GoAwayFrame
  | OpenFrame
  | OpenedFrame
  | DataFrame
  | WindowFrame
  | FinFrame
  | ResetFrame
  | ClusterFrame
  | RotateKeyFrame
  | KeyRotatedFrame
  | DialStreamsFrame

export type FrameKind = Frame['kind']

/** A frame of a newer version: to be ignored. */
export interface UnknownFrame {
  kind: 'unknown'
  /** Its number in Frame.body. */
  field: number
}

/** Bytes that are no frame: the tunnel that they came from is to be closed. */
export interface MalformedFrame {
  kind: 'malformed'
  /** Says what is wrong with the shape; never quotes the content. */
  reason: string
}

export type DecodedFrame = Frame | UnknownFrame | MalformedFrame
