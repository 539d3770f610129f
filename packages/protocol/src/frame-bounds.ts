import type { FrameKind } from './frames.ts'
import { protocolLimits as limits } from './limits.ts'

// What each field of tunnel.proto may occupy, by field number: the scan holds bytes against this before anything is
// decoded. A test holds this table against the proto.

export interface FieldBound {
  wire: 'varint' | 'fixed64' | 'bytes'
  bytesMax: number
  countMax: number
  fields?: readonly (FieldBound | undefined)[]
}

export interface FrameBound {
  kind: FrameKind
  fields: readonly (FieldBound | undefined)[]
}

const number: FieldBound = { wire: 'varint', bytesMax: 10, countMax: 1 }
const double: FieldBound = { wire: 'fixed64', bytesMax: 8, countMax: 1 }
const bytes = (bytesMax: number, countMax = 1): FieldBound => ({ wire: 'bytes', bytesMax, countMax })

const name = bytes(limits.nameBytesMax)
const detail = bytes(limits.detailBytesMax)
const nonce = bytes(limits.nonceBytes)
const audiences = bytes(limits.audienceBytesMax, limits.audiencesMax)
const peerLimits: FieldBound = {
  wire: 'bytes',
  bytesMax: 64,
  countMax: 1,
  fields: [undefined, number, number, number, number],
}

const bound = (kind: FrameKind, ...fields: FieldBound[]): FrameBound => ({
  kind,
  fields: [undefined, ...fields],
})

/** By number in Frame.body. */
export const frameBounds: readonly (FrameBound | undefined)[] = [
  undefined,
  bound('hello', number, number, name, number, name, peerLimits, number, number, bytes(limits.ticketBytes)),
  bound('welcome', number, number, name, double, number, peerLimits),
  bound('refusal', number, detail, number, number),
  bound('review-token', number, nonce, bytes(limits.tokenBytesMax), audiences, number, number),
  bound('accepted', number),
  bound(
    'token-reviewed',
    number,
    nonce,
    bytes(limits.tokenHashBytes),
    number,
    bytes(limits.usernameBytesMax),
    bytes(limits.uidBytesMax),
    bytes(limits.groupBytesMax, limits.groupsMax),
    audiences,
    bytes(limits.errorBytesMax),
  ),
  bound('failure', number, number, number, detail),
  bound('cancel', number),
  bound('ping', number, number, number),
  bound('pong', number, number, number),
  bound('health', number, number, number, detail),
  bound('drain', number, detail),
  bound('drained'),
  bound('go-away', number, detail, number),
  bound('open', number, bytes(limits.hostBytesMax), number, number),
  bound('opened', number, number),
  bound('data', number, bytes(limits.dataBytesMax)),
  bound('window', number, number),
  bound('fin', number),
  bound('reset', number, number, detail),
  bound(
    'cluster',
    bytes(limits.fingerprintBytes, limits.rootCertificatesMax),
    bytes(limits.tokenIssuerBytesMax),
    bytes(limits.fingerprintBytes, limits.issuerKeysMax),
  ),
  bound('rotate-key', bytes(limits.publicKeyBytes), bytes(limits.signatureBytes)),
  bound('key-rotated', name, number, detail),
  bound('dial-streams', bytes(limits.ticketBytes)),
]
