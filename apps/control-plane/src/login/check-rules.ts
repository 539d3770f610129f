import type { LoginDenialReason } from '../audit/audit-reason.ts'
import type { KubernetesAuthRules, RuleCheck, RuleName } from '../kubernetes-auth/kubernetes-auth-rules.ts'
import type { AuthenticServiceAccount } from './check-authentic.ts'
import { type CheckResult, denied, passed } from './login-denial.ts'

const reasons: Record<RuleName, LoginDenialReason> = {
  namespace: 'namespace-not-allowed',
  name: 'name-not-allowed',
  audience: 'audience-not-allowed',
}

/** Whether the identity's rules let this service account in. All rules are tried, the first unmet one is the reason. */
export function checkRules(
  rules: KubernetesAuthRules,
  who: AuthenticServiceAccount,
): CheckResult<readonly RuleCheck[]> {
  const checks = rules.check(who, who.audiences)
  const unmet = checks.find((check) => !check.isMet)
  return unmet === undefined ? passed(checks) : denied(reasons[unmet.rule], { checks })
}
