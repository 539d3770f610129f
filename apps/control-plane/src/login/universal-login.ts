import type { Clock } from '../access-tokens/database-clock.ts'
import type { AccessTokenIssuer, IssuedAccessToken } from '../access-tokens/issue-access-token.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { lockoutSourceOf } from '../universal-auth/lockout-source.ts'
import {
  type AdmittedClient,
  checkClientSecret,
  type CheckClientSecretDependencies,
  type ClientSecretCheck,
} from './check-client-secret.ts'
import { FailedLoginLimits } from './failed-login-limits.ts'
import type { ObservedLogin } from './kubernetes-login.ts'
import { paceRefusal } from './pace-refusal.ts'
import { UniversalLoginAttempt, type UniversalLoginCall } from './universal-login-attempt.ts'
import { type UniversalLoginDenial, universalLoginError } from './universal-login-denial.ts'

export interface UniversalLoginDependencies extends CheckClientSecretDependencies {
  issuer: AccessTokenIssuer
  /** That of the access tokens. */
  clock: Clock
  auditLog: AuditLog
  lastLogins: { record(identityId: string, authMethod: 'universal-auth', at: Date): void }
  /** For metrics: once for each login, when it has ended. */
  observeLogin: (login: ObservedLogin) => void
  /** See `failed-login-limits.ts`. */
  failedLoginsPerMinutePerIdentity: number
  nowMs: () => number
  /** Never steps back; for durations. */
  monotonicMs: () => number
  sleep: (ms: number) => Promise<void>
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
    if (exhausted !== undefined) return refuseUnheard(exhausted, attempt, dependencies)
    // Before anything is read: whatever is revoked after this moment ends the token.
    const createdAtMs = clock.nowMs()
    const checked = await checkOrRecord(call, attempt, dependencies)
    if (checked.ok) return issue(checked.value, createdAtMs, attempt, dependencies)
    limits.spend(key)
    return refuse(checked, attempt, dependencies)
  }
}

/** A check that throws is a bug, or a database that is gone: where the audit log can be written, the login is in it. */
async function checkOrRecord(
  call: UniversalLoginCall,
  attempt: UniversalLoginAttempt,
  dependencies: UniversalLoginDependencies,
): Promise<ClientSecretCheck> {
  try {
    return await checkClientSecret(dependencies, call, attempt)
  } catch (error) {
    const { auditLog, observeLogin, nowMs } = dependencies
    observeLogin({ outcome: 'failed', reason: 'internal-error', durationMs: attempt.elapsedMs })
    await auditLog.record(attempt.crashEvent(new Date(nowMs())))
    throw error
  }
}

async function issue(
  { auth, identity, clientSecretId }: AdmittedClient,
  createdAtMs: number,
  attempt: UniversalLoginAttempt,
  { issuer, auditLog, lastLogins, observeLogin, nowMs }: UniversalLoginDependencies,
): Promise<IssuedAccessToken> {
  const issued = await attempt.timed('issue', () =>
    issuer.issue({
      identityId: identity.id,
      identityName: identity.name,
      organizationId: identity.organizationId,
      authMethod: 'universal-auth',
      settings: auth.accessToken,
      clientSecretId,
      createdAtMs,
    }),
  )
  const at = new Date(nowMs())
  await auditLog.record(attempt.successEvent(at, issued))
  lastLogins.record(identity.id, 'universal-auth', at)
  observeLogin({ outcome: 'success', durationMs: attempt.elapsedMs })
  return issued
}

/** Every refusal ends on the same steps of time, so that how long one took tells nothing of its reason. */
async function refuse(
  denial: UniversalLoginDenial,
  attempt: UniversalLoginAttempt,
  { auditLog, observeLogin, nowMs, sleep }: UniversalLoginDependencies,
): Promise<never> {
  await auditLog.record(attempt.denialEvent(new Date(nowMs()), denial))
  observeLogin({ outcome: 'denied', reason: denial.reason, durationMs: attempt.elapsedMs })
  await paceRefusal(attempt.elapsedMs, sleep)
  throw universalLoginError(denial)
}

/** Too many failures: nothing is looked up, and only the first of a bout is written down. */
async function refuseUnheard(
  { retryAfterSeconds, isNews }: { retryAfterSeconds: number; isNews: boolean },
  attempt: UniversalLoginAttempt,
  dependencies: UniversalLoginDependencies,
): Promise<never> {
  const denial: UniversalLoginDenial = { reason: 'rate-limited', retryAfterSeconds }
  if (isNews) return refuse(denial, attempt, dependencies)
  const { observeLogin, sleep } = dependencies
  observeLogin({ outcome: 'denied', reason: denial.reason, durationMs: attempt.elapsedMs })
  await paceRefusal(attempt.elapsedMs, sleep)
  throw universalLoginError(denial)
}
