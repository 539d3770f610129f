import type { Clock } from '../access-tokens/database-clock.ts'
import type { AccessTokenIssuer, IssuedAccessToken } from '../access-tokens/issue-access-token.ts'
import { lockoutSourceOf } from '../universal-auth/lockout-source.ts'
import {
  type AdmittedClient,
  checkClientSecret,
  type CheckClientSecretDependencies,
} from './check-client-secret.ts'
import { endAdmitted, type EndLoginDependencies, endRefused, orRecordCrash } from './end-login.ts'
import { FailedLoginLimits } from './failed-login-limits.ts'
import { UniversalLoginAttempt, type UniversalLoginCall } from './universal-login-attempt.ts'
import { type UniversalLoginDenial, universalLoginError } from './universal-login-denial.ts'

export interface UniversalLoginDependencies extends CheckClientSecretDependencies, EndLoginDependencies {
  issuer: AccessTokenIssuer
  /** That of the access tokens. */
  clock: Clock
  lastLogins: { record(identityId: string, authMethod: 'universal-auth', at: Date): void }
  /** See `failed-login-limits.ts`. */
  failedLoginsPerMinutePerIdentity: number
  /** Never steps back; for durations. */
  monotonicMs: () => number
}

/** Resolves with a new access token once the login is in the audit log. Throws ApiErrors. */
export type UniversalLogin = (call: UniversalLoginCall) => Promise<IssuedAccessToken>

export function createUniversalLogin(dependencies: UniversalLoginDependencies): UniversalLogin {
  const { clock, failedLoginsPerMinutePerIdentity: perMinute, monotonicMs } = dependencies
  const limits = new FailedLoginLimits({ nowMs: monotonicMs, perMinute })

  return async (call) => {
    const attempt = new UniversalLoginAttempt(call, monotonicMs)
    const key = `${call.clientId.toLowerCase()} ${lockoutSourceOf(call.ipAddress)}`
    const exhausted = limits.exhausted(key)
    // Too many failures: nothing is looked up, and only the first of a bout is written down.
    if (exhausted !== undefined) {
      const { retryAfterSeconds, isNews } = exhausted
      const denial = { reason: 'rate-limited', retryAfterSeconds } as const
      return refuse(denial, attempt, dependencies, { isRecorded: isNews })
    }
    // Before the database is asked: whatever is revoked after this moment ends the token.
    const askedAtMs = clock.nowMs()
    const admitted = await orRecordCrash(dependencies, attempt, async () => {
      const checked = await checkClientSecret(dependencies, call, attempt)
      if (!checked.ok) return checked
      const issued = await attempt.stopwatch.timed('issue', () =>
        issue(checked.value, askedAtMs, dependencies),
      )
      return { ok: true as const, issued, identityId: checked.value.identity.id }
    })
    if (!admitted.ok) {
      limits.spend(key)
      return refuse(admitted, attempt, dependencies)
    }
    const { issued, identityId } = admitted
    await endAdmitted(dependencies, attempt, issued, (at) =>
      dependencies.lastLogins.record(identityId, 'universal-auth', at),
    )
    return issued
  }
}

function issue(
  { auth, identity, clientSecretId }: AdmittedClient,
  askedAtMs: number,
  { issuer }: UniversalLoginDependencies,
): Promise<IssuedAccessToken> {
  return issuer.issue({
    identityId: identity.id,
    identityName: identity.name,
    organizationId: identity.organizationId,
    authMethod: 'universal-auth',
    settings: auth.accessToken,
    clientSecretId,
    createdAtMs: Math.min(askedAtMs, identity.readAtMs),
  })
}

async function refuse(
  denial: UniversalLoginDenial,
  attempt: UniversalLoginAttempt,
  dependencies: UniversalLoginDependencies,
  { isRecorded = true } = {},
): Promise<never> {
  return endRefused(dependencies, attempt, {
    outcome: 'denied',
    reason: denial.reason,
    event: isRecorded ? (at) => attempt.denialEvent(at, denial) : undefined,
    isPaced: true,
    error: universalLoginError(denial),
  })
}
