import type protobuf from 'protobufjs/minimal.js'
import {
  readFailureCode,
  readGoAwayCode,
  readKeyRotationCode,
  readPurpose,
  readRefusalCode,
  readResetCode,
} from './codes.ts'
import type { Frame, FrameKind, HelloFrame, MalformedFrame, PeerLimits } from './frames.ts'
import { postern } from './gen/tunnel.js'
import { gatewayLimits, protocolLimits } from './limits.ts'

const wire = postern.tunnel.v1

type FrameReader<K extends FrameKind> = (
  reader: protobuf.Reader,
  length: number,
) => Extract<Frame, { kind: K }> | MalformedFrame

/** Reads the body of a frame whose bounds were checked. Throws on text that is not UTF-8. */
export const frameReaders: { readonly [K in FrameKind]: FrameReader<K> } = {
  hello: (reader, length) => readHello(wire.Hello.decode(reader, length)),

  welcome: (reader, length) => {
    const { minorVersion, features, replicaId, serverTimeMs, pingIntervalMs, limits } = wire.Welcome.decode(
      reader,
      length,
    )
    if (!Number.isFinite(serverTimeMs)) return malformed('welcome: the time is not a number')
    return {
      kind: 'welcome',
      minorVersion,
      features,
      replicaId,
      serverTimeMs,
      pingIntervalMs,
      limits: readLimits(limits),
    }
  },

  refusal: (reader, length) => {
    const { code, message, retryAfterMs, permanent } = wire.Refusal.decode(reader, length)
    return { kind: 'refusal', code: readRefusalCode(code), message, retryAfterMs, permanent }
  },

  'review-token': (reader, length) => {
    const { requestId, nonce, token, audiences, deadlineMs, attempt } = wire.ReviewToken.decode(
      reader,
      length,
    )
    if (nonce.length !== protocolLimits.nonceBytes) return malformed('review-token: a nonce has 16 bytes')
    return { kind: 'review-token', requestId, nonce, token, audiences, deadlineMs, attempt }
  },

  accepted: (reader, length) => ({
    kind: 'accepted',
    requestId: wire.Accepted.decode(reader, length).requestId,
  }),

  'token-reviewed': (reader, length) => {
    const message = wire.TokenReviewed.decode(reader, length)
    const { requestId, nonce, tokenSha256, authenticated, username, uid, groups, audiences, error } = message
    if (nonce.length !== protocolLimits.nonceBytes) return malformed('token-reviewed: a nonce has 16 bytes')
    if (tokenSha256.length !== protocolLimits.tokenHashBytes) {
      return malformed('token-reviewed: a SHA-256 has 32 bytes')
    }
    return {
      kind: 'token-reviewed',
      requestId,
      nonce,
      tokenSha256,
      authenticated,
      username,
      uid,
      groups,
      audiences,
      error,
    }
  },

  failure: (reader, length) => {
    const { requestId, code, retryAfterMs, detail } = wire.Failure.decode(reader, length)
    return { kind: 'failure', requestId, code: readFailureCode(code), retryAfterMs, detail }
  },

  cancel: (reader, length) => ({ kind: 'cancel', requestId: wire.Cancel.decode(reader, length).requestId }),

  ping: (reader, length) => {
    const { nonce, inFlight, eventLoopLagMs } = wire.Ping.decode(reader, length)
    return { kind: 'ping', nonce, inFlight, eventLoopLagMs }
  },

  pong: (reader, length) => {
    const { nonce, inFlight, eventLoopLagMs } = wire.Pong.decode(reader, length)
    return { kind: 'pong', nonce, inFlight, eventLoopLagMs }
  },

  health: (reader, length) => {
    const { apiServerReachable, mayReviewTokens, credentialExpiresAtS, detail } = wire.Health.decode(
      reader,
      length,
    )
    return { kind: 'health', apiServerReachable, mayReviewTokens, credentialExpiresAtS, detail }
  },

  drain: (reader, length) => {
    const { withinMs, reason } = wire.Drain.decode(reader, length)
    return { kind: 'drain', withinMs, reason }
  },

  drained: (reader, length) => {
    wire.Drained.decode(reader, length)
    return { kind: 'drained' }
  },

  'go-away': (reader, length) => {
    const { code, reason, reconnectAfterMs } = wire.GoAway.decode(reader, length)
    return { kind: 'go-away', code: readGoAwayCode(code), reason, reconnectAfterMs }
  },

  open: (reader, length) => {
    const { streamId, host, port, windowBytes } = wire.Open.decode(reader, length)
    return { kind: 'open', streamId, host, port, windowBytes }
  },

  opened: (reader, length) => {
    const { streamId, windowBytes } = wire.Opened.decode(reader, length)
    return { kind: 'opened', streamId, windowBytes }
  },

  data: (reader, length) => {
    const { streamId, payload } = wire.Data.decode(reader, length)
    return { kind: 'data', streamId, payload }
  },

  window: (reader, length) => {
    const { streamId, creditBytes } = wire.Window.decode(reader, length)
    return { kind: 'window', streamId, creditBytes }
  },

  fin: (reader, length) => ({ kind: 'fin', streamId: wire.Fin.decode(reader, length).streamId }),

  reset: (reader, length) => {
    const { streamId, code, detail } = wire.Reset.decode(reader, length)
    return { kind: 'reset', streamId, code: readResetCode(code), detail }
  },

  cluster: (reader, length) => {
    const { rootCaSha256, tokenIssuer, issuerKeySha256 } = wire.Cluster.decode(reader, length)
    const areFingerprints = [...rootCaSha256, ...issuerKeySha256].every(
      ({ length: found }) => found === protocolLimits.fingerprintBytes,
    )
    if (!areFingerprints) return malformed('cluster: a SHA-256 has 32 bytes')
    return { kind: 'cluster', rootCaSha256, tokenIssuer, issuerKeySha256 }
  },

  'rotate-key': (reader, length) => {
    const { publicKey, proof } = wire.RotateKey.decode(reader, length)
    if (publicKey.length !== protocolLimits.publicKeyBytes) {
      return malformed('rotate-key: a public key has 32 bytes')
    }
    if (proof.length !== protocolLimits.signatureBytes) return malformed('rotate-key: a proof has 64 bytes')
    return { kind: 'rotate-key', publicKey, proof }
  },

  'key-rotated': (reader, length) => {
    const { keyId, code, detail } = wire.KeyRotated.decode(reader, length)
    return { kind: 'key-rotated', keyId, code: readKeyRotationCode(code), detail }
  },

  'dial-streams': (reader, length) => {
    const { ticket } = wire.DialStreams.decode(reader, length)
    if (ticket.length !== protocolLimits.ticketBytes) return malformed('dial-streams: a ticket has 16 bytes')
    return { kind: 'dial-streams', ticket }
  },
}

/** A peer of minor version 1 sends no slot, purpose or ticket, which reads as its first tunnel, for reviews. */
function readHello(message: postern.tunnel.v1.Hello): HelloFrame | MalformedFrame {
  const { minorVersion, features, instanceId, epoch, software, limits, slot, ticket } = message
  if (instanceId === '') return malformed('hello: no instance id')
  const purpose = readPurpose(message.purpose)
  if (purpose === undefined) return malformed('hello: a purpose that is not known here')
  const ticketBytes = purpose === 'streams' ? protocolLimits.ticketBytes : 0
  if (ticket.length !== ticketBytes)
    return malformed(`hello: a ticket for ${purpose} has ${ticketBytes} bytes`)
  return {
    kind: 'hello',
    minorVersion,
    features,
    instanceId,
    epoch,
    software,
    limits: readLimits(limits),
    slot,
    purpose,
    ticket,
  }
}

function malformed(reason: string): MalformedFrame {
  return { kind: 'malformed', reason }
}

function readLimits(limits: postern.tunnel.v1.Limits.$Properties | null | undefined): PeerLimits {
  return {
    frameBytesMax: limits?.frameBytesMax || protocolLimits.frameBytesMax,
    tokenBytesMax: limits?.tokenBytesMax || protocolLimits.tokenBytesMax,
    reviewsInFlightMax: limits?.reviewsInFlightMax || gatewayLimits.reviewsInFlightMax,
    reviewsQueuedMax: limits?.reviewsQueuedMax || gatewayLimits.reviewsQueuedMax,
  }
}
