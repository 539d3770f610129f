import type { ExplainedStep } from '@postern/api-contract/audit-logs'
import type { StoredAuditEvent } from '../audit/audit-event-store.ts'
import type { LoginDetails } from '../audit/login-details.ts'

/** How the login ended. */
type Ended = Pick<StoredAuditEvent, 'outcome' | 'reason' | 'identityId'>

interface Step {
  step: string
  title: string
  /** The reasons for which a login ends here. */
  reasons: readonly string[]
  expected: string
  phase?: string
}

/** The checks of `kubernetes-login.ts` in their order. A login that ended at one has passed all before it. */
const steps: readonly Step[] = [
  {
    step: 'limit',
    title: 'Not too many logins were refused before',
    reasons: ['rate-limited'],
    expected: 'fewer refused logins to this identity from this address than the limit',
  },
  {
    step: 'identity',
    title: 'The identity exists',
    reasons: ['identity-unknown'],
    expected: 'the id of an identity',
    phase: 'find',
  },
  {
    step: 'identity-enabled',
    title: 'The identity is enabled',
    reasons: ['identity-disabled'],
    expected: 'enabled',
  },
  {
    step: 'auth-method',
    title: 'The identity has Kubernetes Auth',
    reasons: ['kubernetes-auth-missing'],
    expected: 'Kubernetes Auth is attached',
  },
  {
    step: 'organization',
    title: 'The organization that the caller named is the identity’s',
    reasons: ['organization-mismatch'],
    expected: 'the identity’s organization, or none named',
  },
  {
    step: 'token-shape',
    title: 'What was sent could be a service-account token',
    reasons: ['token-malformed'],
    expected: 'a signed JWT of at most 8192 characters',
  },
  {
    step: 'token-expiry',
    title: 'The token has not expired by its own account',
    reasons: ['token-expired'],
    expected: 'an expiry in the future',
  },
  {
    step: 'review',
    title: 'The cluster was asked, and vouches for the token',
    reasons: [
      'token-not-authenticated',
      'malformed-answer',
      'reviewer-unauthorized',
      'reviewer-forbidden',
      'api-server-unreachable',
      'api-server-timeout',
      'api-server-overloaded',
      'api-server-error',
      'tls-failed',
      'host-not-allowed',
      'gateway-unavailable',
      'gateway-overloaded',
      'deadline-exceeded',
      'caller-left',
    ],
    expected: 'authenticated',
    phase: 'review',
  },
  {
    step: 'audience-confirmed',
    title: 'The cluster looked at the required audience',
    reasons: ['review-audience-missing'],
    expected: 'an answer that names audiences',
  },
  {
    step: 'service-account',
    title: 'The cluster vouched for a service account',
    reasons: ['username-malformed'],
    expected: 'system:serviceaccount:<namespace>:<name>',
  },
  {
    step: 'service-account-group',
    title: 'The service account is in the group of service accounts',
    reasons: ['service-account-group-missing'],
    expected: 'system:serviceaccounts',
  },
  {
    step: 'namespace',
    title: 'The namespace is allowed',
    reasons: ['namespace-not-allowed'],
    expected: 'an allowed namespace',
  },
  { step: 'name', title: 'The name is allowed', reasons: ['name-not-allowed'], expected: 'an allowed name' },
  {
    step: 'audience',
    title: 'The token is for the required audience',
    reasons: ['audience-not-allowed'],
    expected: 'the required audience',
  },
  {
    step: 'configuration',
    title: 'Nothing was changed while the cluster was asked',
    reasons: ['configuration-changed'],
    expected: 'the same configuration as before the review',
  },
  {
    step: 'access-token',
    title: 'The access token is issued',
    reasons: [],
    expected: 'an access token',
    phase: 'issue',
  },
]

const rules = new Set(['namespace', 'name', 'audience'])

/** What each check of the login came to, as far as its row of the audit log says. */
export function explainKubernetesSteps(event: Ended, details: LoginDetails): ExplainedStep[] {
  const endedAt = steps.findIndex(({ reasons }) => reasons.includes(event.reason ?? ''))
  const certain = event.outcome === 'success' ? steps.length : certainStepsOf(details)
  const resultOf = (index: number): Result => {
    if (endedAt === -1) return index < certain ? 'passed' : 'unknown'
    if (index === endedAt) return 'failed'
    return index < endedAt ? 'passed' : 'not-reached'
  }
  return steps.map((step, index) => ({
    ...explain(step, resultOf(index), event, details),
    durationMs: durationOf(step, details),
  }))
}

/** Of a login that broke down: the row says how far it had come. */
function certainStepsOf({ kubernetesAuthId, serviceAccount, checks }: LoginDetails): number {
  if (checks !== undefined) return countUntil('audience')
  if (serviceAccount !== undefined) return countUntil('service-account-group')
  return kubernetesAuthId === undefined ? 0 : countUntil('organization')
}

function countUntil(name: string): number {
  return steps.findIndex(({ step }) => step === name) + 1
}

type Result = ExplainedStep['result']
type Explained = Omit<ExplainedStep, 'durationMs'>

function explain(step: Step, result: Result, event: Ended, details: LoginDetails): Explained {
  const { step: name, title, expected } = step
  const isCheckKnown = details.checks !== undefined
  if (rules.has(name) && isCheckKnown) return explainRule(step, details)
  if (name === 'audience-confirmed' && result === 'passed' && !requiresAudience(details)) {
    return notRequired(step)
  }
  return { step: name, title, result, expected, found: foundBy(name, result, event, details) }
}

/** All rules are tried whatever the first one says, and one that restricts nothing is left out. */
function explainRule(step: Step, { checks = [] }: LoginDetails): Explained {
  const check = checks.find(({ rule }) => rule === step.step)
  if (check === undefined) return notRequired(step)
  const { isMet, expected, found } = check
  return {
    step: step.step,
    title: step.title,
    result: isMet ? 'passed' : 'failed',
    expected,
    found: found === '' ? 'none' : found,
  }
}

function notRequired({ step, title }: Step): Explained {
  return { step, title, result: 'not-required', expected: 'anything', found: null }
}

function requiresAudience({ checks = [], requiredAudience }: LoginDetails): boolean {
  return requiredAudience !== undefined || checks.some(({ rule }) => rule === 'audience')
}

function foundBy(
  step: string,
  result: Result,
  { identityId, reason }: Ended,
  { detail, requestedIdentityId, serviceAccount, requiredAudience, tokenId, ttlSeconds }: LoginDetails,
): string | null {
  if (result === 'failed') {
    if (step === 'identity') return requestedIdentityId ?? 'something that is no id'
    if (step === 'review' && requiredAudience !== undefined) {
      return `${detail ?? reason ?? 'refused'} (asked for the audience ${requiredAudience})`
    }
    return detail ?? reason
  }
  if (result !== 'passed') return null
  if (step === 'identity') return identityId
  if (step === 'service-account' && serviceAccount !== undefined) {
    return `system:serviceaccount:${serviceAccount.namespace}:${serviceAccount.name}`
  }
  if (step !== 'access-token' || tokenId === undefined) return null
  return ttlSeconds === undefined ? `token ${tokenId}` : `token ${tokenId}, for ${ttlSeconds} s`
}

function durationOf({ phase }: Step, { timingsMs }: LoginDetails): number | null {
  return phase === undefined ? null : (timingsMs?.[phase] ?? null)
}
