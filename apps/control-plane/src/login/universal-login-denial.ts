import type { UniversalLoginDenialReason } from '../audit/audit-reason.ts'
import { ApiError } from '../http/api-error.ts'
import { refusedMessage } from './login-denial.ts'

/** Why a login with a client secret ends without an access token. */
export interface UniversalLoginDenial {
  reason: UniversalLoginDenialReason
  retryAfterSeconds?: number
}

/**
 * Whoever does not hold a living secret learns nothing: one status, one body, whatever the reason. Only the holder of one
 * is told that it must not be used from there.
 */
export function universalLoginError({ reason, retryAfterSeconds = 1 }: UniversalLoginDenial): ApiError {
  switch (reason) {
    case 'address-not-trusted':
      return new ApiError('Forbidden', 'The client secret may not be used from this address')
    case 'rate-limited':
      return new ApiError('RateLimitExceeded', 'Too many logins failed. Try again later', {
        retryAfterSeconds,
      })
    default:
      return new ApiError('Unauthorized', refusedMessage)
  }
}
