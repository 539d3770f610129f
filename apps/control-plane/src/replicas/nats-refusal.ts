import {
  AuthorizationError,
  PermissionViolationError,
  UserAuthenticationExpiredError,
} from '@nats-io/nats-core'

type RefusalReason =
  | 'tls-required'
  | 'tls-not-offered'
  | 'certificate-required'
  | 'too-old'
  | 'credentials-unreadable'

/** A NATS server that answers, and will not do until somebody changes something. */
export class NatsRefusal extends Error {
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, options?: ErrorOptions) {
    super(reason, options)
    this.name = 'NatsRefusal'
    this.reason = reason
  }
}

export interface NatsFailure {
  /** True if trying again helps only after somebody has changed something. */
  isRefusal: boolean
  /** What is wrong and the remedy, for the operator. */
  text: string
}

const remedies: Record<RefusalReason, string> = {
  'tls-required': 'it wants TLS: write tls:// instead of nats:// in POSTERN_NATS_URL',
  'tls-not-offered':
    'it offers no TLS: turn TLS on there, or write nats:// in POSTERN_NATS_URL and leave POSTERN_NATS_CA_FILE and POSTERN_NATS_CERT_FILE unset',
  'certificate-required':
    'it wants a certificate of its clients: set POSTERN_NATS_CERT_FILE and POSTERN_NATS_KEY_FILE',
  'too-old': 'it is older than NATS 2.2: upgrade it',
  'credentials-unreadable':
    'POSTERN_NATS_CREDENTIALS_FILE is no .creds file: make one with `nsc generate creds`',
}

const certificateRemedy =
  'its certificate is not trusted: set POSTERN_NATS_CA_FILE to the authority that issued it, and name the server in POSTERN_NATS_URL as its certificate does'

/** Error codes of Node's TLS that speak of the server's certificate. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const certificateCodes: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** @param server host and port, without credentials */
export function describeNatsFailure(server: string, error: unknown): NatsFailure {
  const remedy = remedyOf(error)
  const text = remedy ?? `it cannot be reached (${codeOf(error)})`
  return { isRefusal: remedy !== undefined, text: `NATS at ${server}: ${text}` }
}

function remedyOf(error: unknown): string | undefined {
  if (error instanceof NatsRefusal) return remedies[error.reason]
  if (error instanceof AuthorizationError) {
    return 'it refuses the credentials: check POSTERN_NATS_CREDENTIALS_FILE, or POSTERN_NATS_USER and POSTERN_NATS_PASSWORD'
  }
  if (error instanceof UserAuthenticationExpiredError) {
    return 'the credentials have expired: put new ones into POSTERN_NATS_CREDENTIALS_FILE'
  }
  if (error instanceof PermissionViolationError) {
    return `this user may not ${error.operation === 'publish' ? 'publish to' : 'subscribe to'} ${error.subject}: allow both on postern.>`
  }
  const code = codeOf(error)
  if (certificateCodes.has(code)) return `${certificateRemedy} (${code})`
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_OSSL_')
    ? `TLS with it fails (${code})`
    : undefined
}

/** The innermost cause that has one knows best. */
function codeOf(error: unknown): string {
  let code = error instanceof Error ? error.name : 'unknown error'
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') code = cause.code
  }
  return code
}
