import type { AccessTokenIssuer, IssuedAccessToken } from '../access-tokens/issue-access-token.ts'
import { checkAuthentic, type AuthenticServiceAccount } from './check-authentic.ts'
import { checkRules } from './check-rules.ts'
import { endAdmitted, type EndLoginDependencies, endRefused, orRecordCrash } from './end-login.ts'
import { FailedLoginLimits } from './failed-login-limits.ts'
import { failureKey } from './failure-key.ts'
import {
  checkStillCurrent,
  type CheckStillCurrentDependencies,
  findConfiguration,
  type FoundConfiguration,
  readAtMsOf,
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
import { reviewToken } from './review-token.ts'

export type { ObservedLogin } from './end-login.ts'

export interface KubernetesLoginDependencies extends CheckStillCurrentDependencies, EndLoginDependencies {
  issuer: AccessTokenIssuer
  lastLogins: { record(identityId: string, authMethod: 'kubernetes-auth', at: Date): void }
  /** See `failed-login-limits.ts`. */
  failedLoginsPerMinutePerIdentity: number
  /** Never steps back; for durations. */
  monotonicMs: () => number
}

/** Resolves with a new access token once the login is in the audit log. Throws ApiErrors, see `login-denial.ts`. */
export type KubernetesLogin = (call: KubernetesLoginCall) => Promise<IssuedAccessToken>

interface AdmittedLogin {
  identityId: string
  issued: IssuedAccessToken
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
    // Too many failures: nothing is looked up, and only the first of a bout is written down.
    if (exhausted !== undefined) {
      const { retryAfterSeconds, isNews } = exhausted
      const denial = { reason: 'rate-limited', retryAfterSeconds } as const
      return refuse(denial, attempt, dependencies, { isRecorded: isNews })
    }
    const admitted = await orRecordCrash(dependencies, attempt, () =>
      admit(call, token, attempt, dependencies),
    )
    if (admitted.ok) return end(admitted.value, attempt, dependencies)
    if (outcomeOf(admitted.denial) === 'denied') limits.spend(key)
    return refuse(admitted.denial, attempt, dependencies)
  }
}

/** The checks of a login, in their order, and what it is for. Each check says no or hands on what it found. */
async function admit(
  call: KubernetesLoginCall,
  token: CheckResult<string>,
  attempt: LoginAttempt,
  dependencies: KubernetesLoginDependencies,
): Promise<CheckResult<AdmittedLogin>> {
  const found = await attempt.stopwatch.timed('find', () => findConfiguration(dependencies, call))
  if (!found.ok) return found
  attempt.found(found.value)

  // Judged after the identity was looked for, so that junk costs the same whether the identity exists or not.
  if (!token.ok) return token

  const { rules, reviewer } = found.value.configuration
  const review = await attempt.stopwatch.timed('review', () =>
    reviewToken(reviewer, {
      token: token.value,
      audiences: rules.audiences,
      budgetMs: Math.max(0, loginBudgetMs - attempt.stopwatch.elapsedMs),
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
  const issued = await attempt.stopwatch.timed('issue', () =>
    issue(current.value, authentic.value, dependencies),
  )
  return passed({ identityId: current.value.identity.id, issued })
}

function issue(
  found: FoundConfiguration,
  { namespace, name }: AuthenticServiceAccount,
  { issuer }: KubernetesLoginDependencies,
): Promise<IssuedAccessToken> {
  const { identity, configuration } = found
  return issuer.issue({
    identityId: identity.id,
    identityName: identity.name,
    organizationId: identity.organizationId,
    authMethod: 'kubernetes-auth',
    settings: configuration.auth.accessToken,
    createdAtMs: readAtMsOf(found),
    identityAuth: { kubernetes: { namespace, name } },
  })
}

async function end(
  { identityId, issued }: AdmittedLogin,
  attempt: LoginAttempt,
  dependencies: KubernetesLoginDependencies,
): Promise<IssuedAccessToken> {
  await endAdmitted(dependencies, attempt, issued, (at) =>
    dependencies.lastLogins.record(identityId, 'kubernetes-auth', at),
  )
  return issued
}

async function refuse(
  denial: LoginDenial,
  attempt: LoginAttempt,
  dependencies: KubernetesLoginDependencies,
  { isRecorded = true } = {},
): Promise<never> {
  if (denial.checks !== undefined) attempt.checked(denial.checks)
  return endRefused(dependencies, attempt, {
    outcome: outcomeOf(denial),
    reason: denial.reason,
    event: isRecorded ? (at) => attempt.denialEvent(at, denial) : undefined,
    isPaced: isBeforeReview(denial),
    error: loginError(denial),
  })
}
