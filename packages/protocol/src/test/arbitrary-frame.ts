import fc from 'fast-check'
import { failureNumbers, goAwayNumbers, keyRotationNumbers, refusalNumbers, resetNumbers } from '../codes.ts'
import type { Frame, FrameKind, HelloFrame, PeerLimits } from '../frames.ts'
import { clampText, protocolLimits as limits } from '../limits.ts'

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const text = (bytesMax: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'binary', maxLength: 40 }).map((value) => clampText(value, bytesMax))
const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
const word = <T extends string>(numbers: Record<T, number>): fc.Arbitrary<T> =>
  fc.constantFrom(...words(numbers))

function words<T extends string>(numbers: Record<T, number>): T[] {
  const found: T[] = []
  for (const name in numbers) found.push(name)
  return found
}

const positive = fc.integer({ min: 1, max: 2 ** 32 - 1 })
const peerLimits: fc.Arbitrary<PeerLimits> = fc.record({
  frameBytesMax: positive,
  tokenBytesMax: positive,
  reviewsInFlightMax: positive,
  reviewsQueuedMax: positive,
})
const name = text(limits.nameBytesMax)
const detail = text(limits.detailBytesMax)
const load = { nonce: uint32, inFlight: uint32, eventLoopLagMs: uint32 }

const fingerprints = (countMax: number): fc.Arbitrary<Uint8Array[]> =>
  fc.array(bytes(limits.fingerprintBytes), { maxLength: countMax })

const hello = (purpose: HelloFrame['purpose'], ticketBytes: number): fc.Arbitrary<HelloFrame> =>
  fc.record({
    kind: fc.constant('hello' as const),
    minorVersion: uint32,
    features: uint32,
    instanceId: fc.string({ minLength: 1, maxLength: 40 }),
    epoch: uint32,
    software: name,
    limits: peerLimits,
    slot: uint32,
    purpose: fc.constant(purpose),
    ticket: bytes(ticketBytes),
  })

/** Frames of every kind that a side may send. */
export const arbitraryFrames: { readonly [K in FrameKind]: fc.Arbitrary<Extract<Frame, { kind: K }>> } = {
  hello: fc.oneof(hello('reviews', 0), hello('streams', limits.ticketBytes)),
  welcome: fc.record({
    kind: fc.constant('welcome' as const),
    minorVersion: uint32,
    features: uint32,
    replicaId: name,
    serverTimeMs: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    pingIntervalMs: uint32,
    limits: peerLimits,
  }),
  refusal: fc.record({
    kind: fc.constant('refusal' as const),
    code: word(refusalNumbers),
    message: detail,
    retryAfterMs: uint32,
    permanent: fc.boolean(),
  }),
  'review-token': fc.record({
    kind: fc.constant('review-token' as const),
    requestId: uint32,
    nonce: bytes(limits.nonceBytes),
    token: fc.string({ maxLength: limits.tokenBytesMax }),
    audiences: fc.array(text(limits.audienceBytesMax), { maxLength: limits.audiencesMax }),
    deadlineMs: uint32,
    attempt: uint32,
  }),
  accepted: fc.record({ kind: fc.constant('accepted' as const), requestId: uint32 }),
  'token-reviewed': fc.record({
    kind: fc.constant('token-reviewed' as const),
    requestId: uint32,
    nonce: bytes(limits.nonceBytes),
    tokenSha256: bytes(limits.tokenHashBytes),
    authenticated: fc.boolean(),
    username: text(limits.usernameBytesMax),
    uid: text(limits.uidBytesMax),
    groups: fc.array(text(limits.groupBytesMax), { maxLength: limits.groupsMax }),
    audiences: fc.array(text(limits.audienceBytesMax), { maxLength: limits.audiencesMax }),
    error: text(limits.errorBytesMax),
  }),
  failure: fc.record({
    kind: fc.constant('failure' as const),
    requestId: uint32,
    code: word(failureNumbers),
    retryAfterMs: uint32,
    detail,
  }),
  cancel: fc.record({ kind: fc.constant('cancel' as const), requestId: uint32 }),
  ping: fc.record({ kind: fc.constant('ping' as const), ...load }),
  pong: fc.record({ kind: fc.constant('pong' as const), ...load }),
  health: fc.record({
    kind: fc.constant('health' as const),
    apiServerReachable: fc.boolean(),
    mayReviewTokens: fc.boolean(),
    credentialExpiresAtS: uint32,
    detail,
  }),
  drain: fc.record({ kind: fc.constant('drain' as const), withinMs: uint32, reason: detail }),
  drained: fc.record({ kind: fc.constant('drained' as const) }),
  'go-away': fc.record({
    kind: fc.constant('go-away' as const),
    code: word(goAwayNumbers),
    reason: detail,
    reconnectAfterMs: uint32,
  }),
  open: fc.record({
    kind: fc.constant('open' as const),
    streamId: uint32,
    host: text(limits.hostBytesMax),
    port: uint32,
    windowBytes: uint32,
  }),
  opened: fc.record({ kind: fc.constant('opened' as const), streamId: uint32, windowBytes: uint32 }),
  data: fc.record({
    kind: fc.constant('data' as const),
    streamId: uint32,
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
  window: fc.record({ kind: fc.constant('window' as const), streamId: uint32, creditBytes: uint32 }),
  fin: fc.record({ kind: fc.constant('fin' as const), streamId: uint32 }),
  reset: fc.record({
    kind: fc.constant('reset' as const),
    streamId: uint32,
    code: word(resetNumbers),
    detail,
  }),
  cluster: fc.record({
    kind: fc.constant('cluster' as const),
    rootCaSha256: fingerprints(limits.rootCertificatesMax),
    tokenIssuer: text(limits.tokenIssuerBytesMax),
    issuerKeySha256: fingerprints(limits.issuerKeysMax),
  }),
  'rotate-key': fc.record({
    kind: fc.constant('rotate-key' as const),
    publicKey: bytes(limits.publicKeyBytes),
    proof: bytes(limits.signatureBytes),
  }),
  'key-rotated': fc.record({
    kind: fc.constant('key-rotated' as const),
    keyId: name,
    code: word(keyRotationNumbers),
    detail,
  }),
  'dial-streams': fc.record({
    kind: fc.constant('dial-streams' as const),
    ticket: bytes(limits.ticketBytes),
  }),
}

export const arbitraryFrame: fc.Arbitrary<Frame> = fc.oneof(
  ...Object.values<fc.Arbitrary<Frame>>(arbitraryFrames),
)
