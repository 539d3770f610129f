import type { AccessTokenIssuer, IssuedAccessToken } from '../access-tokens/issue-access-token.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { checkAuthentic, type AuthenticServiceAccount } from './check-authentic.ts'
import { checkRules } from './check-rules.ts'
import { FailedLoginLimits } from './failed-login-limits.ts'
import { failureKey } from './failure-key.ts'
import {
  checkStillCurrent,
  findConfiguration,
  type FindConfigurationDependencies,
  type FoundConfiguration,
} from './find-configuration.ts'
import { readLiveToken } from './live-token.ts'
import { type KubernetesLoginCall, LoginAttempt } from './login-attempt.ts'
import {
  type CheckResult,
  isBeforeReview,
  type LoginDenial,
  loginError,
  outcomeOf,
  passed,
} from './login-denial.ts'
import { paceRefusal } from './pace-refusal.ts'
import { reviewToken } from './review-token.ts'

export interface KubernetesLoginDependencies extends FindConfigurationDependencies {
  issuer: AccessTokenIssuer
  auditLog: AuditLog
  lastLogins: { record(identityId: string, authMethod: 'kubernetes-auth', at: Date): void }
  /** For metrics: once for each login, when it has ended. */
  observeLogin?: (login: ObservedLogin) => void
  /** See `failed-login-limits.ts`. */
  failedLoginsPerMinutePerIdentity: number
  nowMs: () => number
  /** Never steps back; for durations. */
  monotonicMs: () => number
  sleep: (ms: number) => Promise<void>
}

export interface ObservedLogin {
  outcome: 'success' | 'denied' | 'failed'
  /** Absent for a success. */
  reason?: string
  durationMs: number
}

/** Resolves with a new access token once the login is in the audit log. Throws ApiErrors, see `login-denial.ts`. */
export type KubernetesLogin = (call: KubernetesLoginCall) => Promise<IssuedAccessToken>

interface AdmittedLogin extends FoundConfiguration {
  serviceAccount: AuthenticServiceAccount
}

/** The whole login, the time of the client included. */
const loginBudgetMs = 10_000

export function createKubernetesLogin(dependencies: KubernetesLoginDependencies): KubernetesLogin {
  const limits = new FailedLoginLimits({
    nowMs: dependencies.monotonicMs,
    perMinute: dependencies.failedLoginsPerMinutePerIdentity,
  })

  return async (call) => {
    const attempt = new LoginAttempt(call, dependencies.monotonicMs)
    const token = readLiveToken(call.jwt, dependencies.nowMs())
    const key = failureKey(call, token.ok)
    const exhausted = limits.exhausted(key)
    if (exhausted !== undefined) return refuseUnheard(exhausted, attempt, dependencies)
    const admitted = await admitOrRecord(call, token, attempt, dependencies)
    if (admitted.ok) return issue(admitted.value, attempt, dependencies)
    if (outcomeOf(admitted.denial) === 'denied') limits.spend(key)
    return refuse(admitted.denial, attempt, dependencies)
  }
}

/** A check that throws is a bug, or a database that is gone: where the audit log can be written, the login is in it. */
async function admitOrRecord(
  call: KubernetesLoginCall,
  token: CheckResult<string>,
  attempt: LoginAttempt,
  dependencies: KubernetesLoginDependencies,
): Promise<CheckResult<AdmittedLogin>> {
  try {
    return await admit(call, token, attempt, dependencies)
  } catch (error) {
    const { auditLog, observeLogin, nowMs } = dependencies
    observeLogin?.({ outcome: 'failed', reason: 'internal-error', durationMs: attempt.elapsedMs })
    await auditLog.record(attempt.crashEvent(new Date(nowMs())))
    throw error
  }
}

/** The checks of a login, in their order. Each says no or hands on what it found. */
async function admit(
  call: KubernetesLoginCall,
  token: CheckResult<string>,
  attempt: LoginAttempt,
  dependencies: KubernetesLoginDependencies,
): Promise<CheckResult<AdmittedLogin>> {
  const found = await attempt.timed('find', () => findConfiguration(dependencies, call))
  if (!found.ok) return found
  attempt.found(found.value)

  // Judged after the identity was looked for, so that junk costs the same whether the identity exists or not.
  if (!token.ok) return token

  const { rules, reviewer } = found.value.configuration
  const review = await attempt.timed('review', () =>
    reviewToken(reviewer, {
      token: token.value,
      audiences: rules.audiences,
      budgetMs: Math.max(0, loginBudgetMs - attempt.elapsedMs),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    }),
  )
  attempt.reviewed(review.outcome)
  if (!review.result.ok) return review.result

  const authentic = checkAuthentic(review.result.value, rules.audiences)
  if (!authentic.ok) return authentic
  attempt.vouchedFor(authentic.value)

  const allowed = checkRules(rules, authentic.value)
  if (!allowed.ok) return allowed
  attempt.checked(allowed.value)

  const current = await checkStillCurrent(dependencies, found.value)
  if (!current.ok) return current
  return passed({ ...current.value, serviceAccount: authentic.value })
}

async function issue(
  { identity, configuration, serviceAccount: { namespace, name } }: AdmittedLogin,
  attempt: LoginAttempt,
  { issuer, auditLog, lastLogins, observeLogin, nowMs }: KubernetesLoginDependencies,
): Promise<IssuedAccessToken> {
  const issued = await attempt.timed('issue', () =>
    issuer.issue({
      identityId: identity.id,
      identityName: identity.name,
      organizationId: identity.organizationId,
      authMethod: 'kubernetes-auth',
      settings: configuration.auth.accessToken,
      identityAuth: { kubernetes: { namespace, name } },
    }),
  )
  const at = new Date(nowMs())
  await auditLog.record(attempt.successEvent(at, issued))
  lastLogins.record(identity.id, 'kubernetes-auth', at)
  observeLogin?.({ outcome: 'success', durationMs: attempt.elapsedMs })
  return issued
}

async function refuse(
  denial: LoginDenial,
  attempt: LoginAttempt,
  { auditLog, observeLogin, nowMs, sleep }: KubernetesLoginDependencies,
): Promise<never> {
  if (denial.checks !== undefined) attempt.checked(denial.checks)
  await auditLog.record(attempt.denialEvent(new Date(nowMs()), denial))
  observeLogin?.({ outcome: outcomeOf(denial), reason: denial.reason, durationMs: attempt.elapsedMs })
  if (isBeforeReview(denial)) await paceRefusal(attempt.elapsedMs, sleep)
  throw loginError(denial)
}

/** Too many failures: nothing is looked up, and only the first of a bout is written down. */
async function refuseUnheard(
  { retryAfterSeconds, isNews }: { retryAfterSeconds: number; isNews: boolean },
  attempt: LoginAttempt,
  dependencies: KubernetesLoginDependencies,
): Promise<never> {
  const denial: LoginDenial = { reason: 'rate-limited', retryAfterSeconds }
  if (isNews) return refuse(denial, attempt, dependencies)
  const { observeLogin, sleep } = dependencies
  observeLogin?.({ outcome: 'denied', reason: denial.reason, durationMs: attempt.elapsedMs })
  await paceRefusal(attempt.elapsedMs, sleep)
  throw loginError(denial)
}
