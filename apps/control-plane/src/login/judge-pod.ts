import type { JsonValue } from '../audit/audit-event.ts'
import type { LeavingSignal } from '../http/signal-of-leaving.ts'
import type { ChooseReviewer, ReviewerSettings } from '../kubernetes-auth/choose-reviewer.ts'
import type { KubernetesAuthSettings } from '../kubernetes-auth/kubernetes-auth.ts'
import { compileKubernetesAuthRules, type RuleCheck } from '../kubernetes-auth/kubernetes-auth-rules.ts'
import { checkAuthentic } from './check-authentic.ts'
import { checkRules } from './check-rules.ts'
import { readLiveToken, withoutToken } from './live-token.ts'
import type { CheckResult, LoginDenial } from './login-denial.ts'
import { reviewToken } from './review-token.ts'
import type { ReviewRoute } from './token-reviewer.ts'

/** Whom to ask about a pod that is not a workload of an identity, and whom to let in. */
export type PodRules = ReviewerSettings &
  Pick<KubernetesAuthSettings, 'allowedNamespaces' | 'allowedNames' | 'allowedAudience'>

export interface JudgedPod {
  denial: LoginDenial | undefined
  /** For the audit log. */
  details: Record<string, JsonValue>
}

export interface JudgePodDependencies {
  chooseReviewer: ChooseReviewer
  nowMs: () => number
}

const budgetMs = 10_000
const textLengthMax = 256

/** The checks of a workload's login, from its token to the rules, for somebody who is to get no access token. */
export function createJudgePod({ chooseReviewer, nowMs }: JudgePodDependencies) {
  return async (rules: PodRules, jwt: string, signal: LeavingSignal | undefined): Promise<JudgedPod> => {
    const details: Record<string, JsonValue> = {}
    const denial = denialOf(await judge())
    if (denial?.checks !== undefined) details['checks'] = shownChecks(denial.checks, jwt)
    if (denial?.detail !== undefined && denial.detail !== '') details['detail'] = shown(denial.detail, jwt)
    return { denial, details }

    async function judge(): Promise<CheckResult<unknown>> {
      const token = readLiveToken(jwt, nowMs())
      if (!token.ok) return token
      const compiled = compileKubernetesAuthRules(rules)
      const review = await reviewToken(chooseReviewer(rules), {
        token: token.value,
        audiences: compiled.audiences,
        budgetMs,
        ...(signal === undefined ? {} : { signal }),
      })
      details['review'] = shownRoute(review.outcome.via)
      if (!review.result.ok) return review.result
      const authentic = checkAuthentic(review.result.value, compiled.audiences)
      if (!authentic.ok) return authentic
      const { namespace, name } = authentic.value
      details['serviceAccount'] = { namespace, name }
      return checkRules(compiled, authentic.value)
    }
  }
}

function denialOf(result: CheckResult<unknown>): LoginDenial | undefined {
  return result.ok ? undefined : result.denial
}

function shownRoute(via: ReviewRoute): JsonValue {
  return { ...via }
}

function shownChecks(checks: readonly RuleCheck[], jwt: string): JsonValue {
  return checks.map(({ rule, isMet, expected, found }) => ({
    rule,
    isMet,
    expected: expected.slice(0, textLengthMax),
    found: shown(found, jwt),
  }))
}

function shown(text: string, jwt: string): string {
  return withoutToken(text, jwt)
    .replaceAll(/\p{Cc}/gu, ' ')
    .slice(0, textLengthMax)
}
