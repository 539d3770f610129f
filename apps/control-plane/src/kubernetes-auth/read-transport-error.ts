import { StreamError } from '@postern/protocol'
import type { ReviewFailure } from '../login/token-reviewer.ts'
import { HostNotAllowed } from './resolve-host.ts'

export interface TransportFailure {
  failure: ReviewFailure
  /** For operators and the audit log: may name hosts and addresses, never a token. */
  detail: string
  /** The connection ended before an answer came: a review may be repeated, since it has no side effects. */
  isLostConnection: boolean
}

/** What went wrong on the way through a gateway. */
const streamFailures: Record<StreamError['reason'], ReviewFailure> = {
  'host-not-allowed': 'host-not-allowed',
  unreachable: 'api-server-unreachable',
  timeout: 'api-server-timeout',
  closed: 'api-server-unreachable',
  overloaded: 'gateway-overloaded',
  'connection-lost': 'gateway-unavailable',
  'window-overrun': 'gateway-unavailable',
  unsupported: 'gateway-unavailable',
  unspecified: 'gateway-unavailable',
}
const lostStream: ReadonlySet<StreamError['reason']> = new Set(['closed', 'connection-lost'])

/** The longest host name and what to do about its address have room. */
const detailLengthMax = 500

const unknownCa = 'the certificate is not signed by a CA that is trusted here'
const tlsReasons: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'the certificate has expired'],
  ['CERT_NOT_YET_VALID', 'the certificate is not valid yet'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'the certificate is for another name than the host'],
  ['SELF_SIGNED_CERT_IN_CHAIN', unknownCa],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', unknownCa],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', unknownCa],
  ['UNABLE_TO_GET_ISSUER_CERT', unknownCa],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', unknownCa],
  ['CERT_SIGNATURE_FAILURE', unknownCa],
  ['CERT_UNTRUSTED', unknownCa],
])

const lostConnection: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
const timeouts: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
])
const tooLarge: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_EXCEEDED_MAX_SIZE'])

/** Sorts what an HTTP request over TLS failed with, by error code alone. */
export function readTransportError(error: unknown): TransportFailure {
  if (error instanceof HostNotAllowed) return failed('host-not-allowed', error.message)
  // Node tries several addresses and reports them together; what is true of the first says enough.
  if (error instanceof AggregateError && error.errors.length > 0) return readTransportError(error.errors[0])
  if (error instanceof StreamError) {
    return {
      ...failed(streamFailures[error.reason], error.message),
      isLostConnection: lostStream.has(error.reason),
    }
  }
  const code = codeOf(error)
  const tlsReason = tlsReasons.get(code)
  if (tlsReason !== undefined) return failed('tls-failed', `${tlsReason} (${code})`)
  if (/^(CERT_|ERR_SSL_|ERR_TLS_|EPROTO)/.test(code)) return failed('tls-failed', `TLS failed (${code})`)
  if (timeouts.has(code)) return failed('api-server-timeout', messageOf(error))
  if (tooLarge.has(code)) return failed('malformed-answer', 'the answer is larger than any honest one')
  if (code.startsWith('HPE_')) return failed('malformed-answer', `the answer is not HTTP (${code})`)
  return { ...failed('api-server-unreachable', messageOf(error)), isLostConnection: lostConnection.has(code) }
}

function failed(failure: ReviewFailure, detail: string): TransportFailure {
  return { failure, detail: detail.slice(0, detailLengthMax), isLostConnection: false }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the connection failed'
}
