import { clientNetworkOf } from '../http/client-network.ts'
import { ApiError } from '../http/api-error.ts'
import { FailedLoginLimits } from '../login/failed-login-limits.ts'

export interface SignInSource {
  /** Whose password is tried: an e-mail address. */
  account: string
  ipAddress: string
}

/** What an attempt was let in with; it counts as failed until it is said not to have been. */
export interface AdmittedAttempt {
  succeeded(): void
}

export interface SignInLimits {
  admit(source: SignInSource): AdmittedAttempt | { retryAfterSeconds: number; isNews: boolean }
}

const perAccount = { perMinute: 6, atOnce: 10 }
const perNetwork = { perMinute: 30, atOnce: 60 }

/**
 * How often passwords may be wrong: for one account from one address (of IPv6 a /64), and from one address whatever the
 * account. There is no limit for an account from everywhere: with that strangers could lock a person out from elsewhere.
 */
export function createSignInLimits(nowMs: () => number): SignInLimits {
  const accounts = new FailedLoginLimits({ nowMs, ...perAccount })
  const networks = new FailedLoginLimits({ nowMs, ...perNetwork })
  return {
    admit: ({ account, ipAddress }) => {
      const network = clientNetworkOf(ipAddress)
      const key = `${account} ${network}`
      const exhausted = accounts.exhausted(key) ?? networks.exhausted(network)
      if (exhausted !== undefined) return exhausted
      accounts.spend(key)
      networks.spend(network)
      return {
        succeeded: () => {
          accounts.refund(key)
          networks.refund(network)
        },
      }
    },
  }
}

export function tooManyWrongPasswords(retryAfterSeconds: number): ApiError {
  return new ApiError(
    'RateLimitExceeded',
    'Too many wrong passwords from this address: wait, and try again',
    {
      retryAfterSeconds,
    },
  )
}
