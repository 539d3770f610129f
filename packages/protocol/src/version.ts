/** The major version: a change that an older peer cannot ignore needs a new one. */
export const tunnelSubprotocol = 'postern.tunnel.v1'

/** Where the control plane takes tunnels, relative to its URL. */
export const tunnelPath = '/api/v3/gateways/tunnel'

/** Bits of `features`; a side uses what both sides have. */
export const features = {
  reviews: 1,
  drain: 2,
  streams: 4,
  rotation: 8,
} as const

export interface ProtocolVersion {
  minor: number
  /** First 16 hex digits of the SHA-256 of the proto's JSON descriptor. */
  descriptor: string
  change: string
}

/** Every minor version, newest last. Entries are never edited: a change of tunnel.proto appends one. */
export const versionHistory: readonly ProtocolVersion[] = [
  {
    minor: 1,
    descriptor: '7e8413a14a0019ed',
    change: 'Handshake, reviews, liveness, health, drain, raw streams.',
  },
  {
    minor: 2,
    descriptor: '930158874c29ab36',
    change: 'Parallel tunnels by slot, a second connection for raw streams, key rotation, the cluster.',
  },
]

/** What this build speaks. */
export const minorVersion = Math.max(...versionHistory.map((version) => version.minor))

/** The features of this build. A gateway that has no key to rotate, or no streams, says less of itself. */
export const ownFeatures: number = features.reviews | features.drain | features.streams | features.rotation
