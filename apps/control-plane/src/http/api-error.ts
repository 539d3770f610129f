/** A refusal to a caller. The code is closed; `error-reply.ts` alone maps it to an HTTP status and an envelope. */
export type ApiErrorCode =
  | 'BadRequest'
  | 'Unauthorized'
  | 'PermissionDenied'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'PayloadTooLarge'
  | 'UnsupportedMediaType'
  | 'ValidationFailure'
  | 'UpgradeRequired'
  | 'RateLimitExceeded'
  | 'ServiceUnavailable'
  | 'GatewayTimeout'

export interface ApiErrorOptions {
  /** Shown to the caller as `details`; never holds a host, an address or a secret. */
  details?: unknown
  /** Sent as the `Retry-After` header, whole seconds. */
  retryAfterSeconds?: number
  /** How many requests a minute there may be; sent as the `X-RateLimit-*` headers. */
  rateLimit?: number
}

export class ApiError extends Error {
  readonly code: ApiErrorCode
  readonly details: unknown
  readonly retryAfterSeconds: number | undefined
  readonly rateLimit: number | undefined

  constructor(code: ApiErrorCode, message: string, options: ApiErrorOptions = {}) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.details = options.details
    this.retryAfterSeconds = options.retryAfterSeconds
    this.rateLimit = options.rateLimit
  }
}
