import { postern } from './gen/tunnel.js'

// The closed sets of the wire as words. A number that this version does not know reads as 'unspecified', so that a
// newer peer can add codes.

const {
  FailureCode: failure,
  RefusalCode: refusal,
  GoAwayCode: goAway,
  ResetCode: reset,
  TunnelPurpose: purpose,
  KeyRotationCode: rotation,
} = postern.tunnel.v1

/** Why a gateway has no verdict. */
export const failureNumbers = {
  unspecified: failure.FAILURE_CODE_UNSPECIFIED,
  'api-server-unreachable': failure.FAILURE_CODE_API_SERVER_UNREACHABLE,
  'api-server-timeout': failure.FAILURE_CODE_API_SERVER_TIMEOUT,
  'api-server-overloaded': failure.FAILURE_CODE_API_SERVER_OVERLOADED,
  'api-server-error': failure.FAILURE_CODE_API_SERVER_ERROR,
  'reviewer-unauthorized': failure.FAILURE_CODE_REVIEWER_UNAUTHORIZED,
  'reviewer-forbidden': failure.FAILURE_CODE_REVIEWER_FORBIDDEN,
  'malformed-answer': failure.FAILURE_CODE_MALFORMED_ANSWER,
  overloaded: failure.FAILURE_CODE_OVERLOADED,
  deadline: failure.FAILURE_CODE_DEADLINE,
  draining: failure.FAILURE_CODE_DRAINING,
  unsupported: failure.FAILURE_CODE_UNSUPPORTED,
  internal: failure.FAILURE_CODE_INTERNAL,
  'tls-failed': failure.FAILURE_CODE_TLS_FAILED,
} as const
export type FailureCode = keyof typeof failureNumbers
export const readFailureCode = wordReader(failureNumbers, 'unspecified')

/** Why the control plane answered Hello with Refusal. */
export const refusalNumbers = {
  unspecified: refusal.REFUSAL_CODE_UNSPECIFIED,
  'unsupported-version': refusal.REFUSAL_CODE_UNSUPPORTED_VERSION,
  'malformed-hello': refusal.REFUSAL_CODE_MALFORMED_HELLO,
  superseded: refusal.REFUSAL_CODE_SUPERSEDED,
  overloaded: refusal.REFUSAL_CODE_OVERLOADED,
  'shutting-down': refusal.REFUSAL_CODE_SHUTTING_DOWN,
  revoked: refusal.REFUSAL_CODE_REVOKED,
} as const
export type RefusalCode = keyof typeof refusalNumbers
export const readRefusalCode = wordReader(refusalNumbers, 'unspecified')

/** Why a connection ends. */
export const goAwayNumbers = {
  unspecified: goAway.GO_AWAY_CODE_UNSPECIFIED,
  'shutting-down': goAway.GO_AWAY_CODE_SHUTTING_DOWN,
  replaced: goAway.GO_AWAY_CODE_REPLACED,
  revoked: goAway.GO_AWAY_CODE_REVOKED,
  'protocol-error': goAway.GO_AWAY_CODE_PROTOCOL_ERROR,
} as const
export type GoAwayCode = keyof typeof goAwayNumbers
export const readGoAwayCode = wordReader(goAwayNumbers, 'unspecified')

/** Why a raw stream was cut. */
export const resetNumbers = {
  unspecified: reset.RESET_CODE_UNSPECIFIED,
  'host-not-allowed': reset.RESET_CODE_HOST_NOT_ALLOWED,
  unreachable: reset.RESET_CODE_UNREACHABLE,
  'window-overrun': reset.RESET_CODE_WINDOW_OVERRUN,
  closed: reset.RESET_CODE_CLOSED,
  unsupported: reset.RESET_CODE_UNSUPPORTED,
  overloaded: reset.RESET_CODE_OVERLOADED,
  timeout: reset.RESET_CODE_TIMEOUT,
} as const
export type ResetCode = keyof typeof resetNumbers
export const readResetCode = wordReader(resetNumbers, 'unspecified')

/** What a connection is for. */
export const purposeNumbers = {
  reviews: purpose.TUNNEL_PURPOSE_REVIEWS,
  streams: purpose.TUNNEL_PURPOSE_STREAMS,
} as const
export type TunnelPurpose = keyof typeof purposeNumbers

const readKnownPurpose = wordReader({ ...purposeNumbers, unspecified: -1 }, 'unspecified')

/** The purpose of a number, unless a newer version added it: such a connection cannot be served. */
export function readPurpose(value: number): TunnelPurpose | undefined {
  const word = readKnownPurpose(value)
  return word === 'unspecified' ? undefined : word
}

/** What became of a gateway's wish to change its key. A code that is not known changes nothing: 'unavailable'. */
export const keyRotationNumbers = {
  unavailable: rotation.KEY_ROTATION_CODE_UNAVAILABLE,
  rotated: rotation.KEY_ROTATION_CODE_ROTATED,
  refused: rotation.KEY_ROTATION_CODE_REFUSED,
} as const
export type KeyRotationCode = keyof typeof keyRotationNumbers
export const readKeyRotationCode = wordReader(keyRotationNumbers, 'unavailable')

/** The word of a number; the one given for a number without one. */
function wordReader<Numbers extends Readonly<Record<string, number>>>(
  numbers: Numbers,
  unknown: keyof Numbers,
): (value: number) => keyof Numbers {
  const words = new Map<number, keyof Numbers>()
  for (const word in numbers) words.set(numbers[word] ?? 0, word)
  return (value) => words.get(value) ?? unknown
}
