/**
 * What one frame may hold. Both sides check these before decoding; a frame beyond them is malformed and closes its
 * tunnel. Text is measured in bytes of UTF-8.
 */
export const protocolLimits = {
  /** One WebSocket message. */
  frameBytesMax: 64 * 1024,
  tokenBytesMax: 8 * 1024,
  nonceBytes: 16,
  tokenHashBytes: 32,
  audiencesMax: 32,
  audienceBytesMax: 2 * 1024,
  groupsMax: 64,
  groupBytesMax: 1024,
  usernameBytesMax: 2 * 1024,
  uidBytesMax: 1024,
  /** The API server's reason why a token is not authentic. */
  errorBytesMax: 2 * 1024,
  /** Messages, reasons and details, which only operators read. */
  detailBytesMax: 1024,
  /** Instance ids, replica ids, software versions. */
  nameBytesMax: 128,
  hostBytesMax: 256,
  /** SHA-256, of certificates and of public keys. */
  fingerprintBytes: 32,
  rootCertificatesMax: 16,
  issuerKeysMax: 32,
  tokenIssuerBytesMax: 1024,
  /** Ed25519. */
  publicKeyBytes: 32,
  signatureBytes: 64,
  /** Proves that a connection for raw streams is the one that was asked for. */
  ticketBytes: 16,
  /** One Data frame of a raw stream. */
  dataBytesMax: 16 * 1024,
} as const

/** What a gateway process takes at once. */
export const gatewayLimits = {
  reviewsInFlightMax: 128,
  /** Reviews that wait for one of those places. */
  reviewsQueuedMax: 256,
} as const

/** Cuts text to at most `bytesMax` bytes of UTF-8, never through a character; lone surrogates become U+FFFD. */
export function clampText(text: string, bytesMax: number): string {
  const wellFormed = text.toWellFormed()
  if (wellFormed.length * 3 <= bytesMax) return wellFormed
  const { read } = new TextEncoder().encodeInto(wellFormed, new Uint8Array(bytesMax))
  return wellFormed.slice(0, read)
}
