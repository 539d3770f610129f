import type { GatewayLoginRefusal } from '@postern/api-contract/gateways'
import { ApiError, type ApiErrorCode } from '../http/api-error.ts'

type RefusalCode = GatewayLoginRefusal['code']

interface Treatment {
  error: ApiErrorCode
  /** Of use only once a person has acted. */
  permanent: boolean
  /** Absent: the caller need not wait. */
  retryAfterSeconds?: number
}

/** Whatever a cluster's API server or a limit says, no gateway is sent away for longer. */
const retryAfterSecondsMax = 60

const treatments: Record<RefusalCode, Treatment> = {
  // A stranger learns nothing, not even whether it is of use to come again.
  'login-refused': { error: 'Unauthorized', permanent: false, retryAfterSeconds: 30 },
  'pod-not-allowed': { error: 'Unauthorized', permanent: true },
  'gateway-revoked': { error: 'Unauthorized', permanent: true },
  'public-key-invalid': { error: 'BadRequest', permanent: true },
  // With another key it is of use.
  'public-key-known': { error: 'BadRequest', permanent: false },
  'configuration-changed': { error: 'ServiceUnavailable', permanent: false, retryAfterSeconds: 1 },
  'cluster-unavailable': { error: 'ServiceUnavailable', permanent: false, retryAfterSeconds: 5 },
  'rate-limited': { error: 'RateLimitExceeded', permanent: false, retryAfterSeconds: 5 },
}

/** The refusal as the gateway sees it: `details` is a `GatewayLoginRefusal`. */
export function gatewayLoginError(code: RefusalCode, message: string, retryAfterSeconds?: number): ApiError {
  const { error, permanent, retryAfterSeconds: usual } = treatments[code]
  const wait = usual === undefined ? undefined : boundedSeconds(retryAfterSeconds ?? usual)
  return new ApiError(error, message, {
    details: { code, permanent } satisfies GatewayLoginRefusal,
    ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
  })
}

function boundedSeconds(seconds: number): number {
  return Math.min(Math.max(Math.ceil(seconds), 1), retryAfterSecondsMax)
}
