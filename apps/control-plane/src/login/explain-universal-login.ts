import type { ExplainedStep } from '@postern/api-contract/audit-logs'
import type { StoredAuditEvent } from '../audit/audit-event-store.ts'
import type { LoginCheck, LoginDetails } from '../audit/login-details.ts'

interface Step {
  title: string
  phase?: string
}

/** The checks of `check-client-secret.ts` in their order, by the names that it writes down. */
const steps: ReadonlyMap<string, Step> = new Map(
  Object.entries({
    limit: { title: 'Not too many logins were refused before' },
    'client-id': { title: 'The client id exists', phase: 'find' },
    'identity-enabled': { title: 'The identity is enabled' },
    organization: { title: 'The organization that the caller named is the identity’s' },
    lockout: { title: 'The address is not locked out for wrong secrets' },
    'client-secret': { title: 'The client secret is one of the client id' },
    'client-secret-expiry': { title: 'The client secret is neither revoked nor expired' },
    'client-ip': { title: 'The client secret may be used from the address' },
    'client-secret-uses': { title: 'The client secret has a use left', phase: 'use' },
    'access-token': { title: 'The access token is issued', phase: 'issue' },
  } satisfies Record<string, Step>),
)

/** What each check of the login came to: those that were tried are in the row, each with what it expected and found. */
export function explainUniversalSteps(event: StoredAuditEvent, details: LoginDetails): ExplainedStep[] {
  const { checks = [], timingsMs } = details
  const tried = new Map([...checks, ...impliedChecks(event, details)].map((check) => [check.rule, check]))
  const names = [...steps.keys()]
  const lastTried = names.findLastIndex((name) => tried.has(name))
  return [...steps].map(([step, { title, phase }], index) => {
    const durationMs = phase === undefined ? null : (timingsMs?.[phase] ?? null)
    const check = tried.get(step)
    const result = check === undefined ? untried(event, index < lastTried) : resultOf(check)
    const { expected = null, found = null } = check ?? {}
    return { step, title, result, expected, found, durationMs }
  })
}

/** What the row says by its reason and its outcome. */
function impliedChecks(
  { outcome, reason }: StoredAuditEvent,
  { tokenId, ttlSeconds }: LoginDetails,
): LoginCheck[] {
  const isLimited = reason === 'rate-limited'
  const limit = {
    rule: 'limit',
    isMet: !isLimited,
    expected: 'fewer refused logins from this address than the limit',
    found: isLimited ? 'as many as the limit' : 'fewer',
  }
  if (outcome !== 'success') return [limit]
  const found = `token ${tokenId ?? 'unknown'}, for ${ttlSeconds ?? 'unknown'} s`
  return [limit, { rule: 'access-token', isMet: true, expected: 'an access token', found }]
}

function resultOf({ isMet }: LoginCheck): ExplainedStep['result'] {
  return isMet ? 'passed' : 'failed'
}

function untried({ reason }: StoredAuditEvent, wasPassedOver: boolean): ExplainedStep['result'] {
  if (wasPassedOver) return 'not-required'
  return reason === 'internal-error' ? 'unknown' : 'not-reached'
}
