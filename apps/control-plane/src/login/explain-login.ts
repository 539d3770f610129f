import type { LoginExplanation } from '@postern/api-contract/audit-logs'
import type { AuditEventStore, StoredAuditEvent } from '../audit/audit-event-store.ts'
import { reasonTextOf } from '../audit/audit-reason.ts'
import type { LoginDetails } from '../audit/login-details.ts'
import { ApiError } from '../http/api-error.ts'
import { answeredStatusOf } from './answered-status.ts'
import { explainKubernetesSteps } from './explain-kubernetes-login.ts'
import { explainReview, gatewaysOf } from './explain-review.ts'
import { explainUniversalSteps } from './explain-universal-login.ts'

export interface ExplainLoginDependencies {
  events: Pick<AuditEventStore, 'find'>
  findIdentityName: (identityId: string, organizationId: string) => Promise<string | undefined>
  findGatewayName: (gatewayId: string, organizationId: string) => Promise<string | undefined>
}

/** What became of the login that had this request id, from its row in the audit log. NotFound if there is none. */
export type ExplainLogin = (requestId: string, organizationId: string) => Promise<LoginExplanation>

const kinds = {
  'kubernetes-login': { steps: explainKubernetesSteps, name: 'Kubernetes Auth' },
  'universal-login': { steps: explainUniversalSteps, name: 'Universal Auth' },
} as const

/** Whatever else is sent in the path names no request, and no database takes a NUL. */
const printable = /^[\x21-\x7e]{1,100}$/

type LoginEventName = keyof typeof kinds

export function createExplainLogin(dependencies: ExplainLoginDependencies): ExplainLogin {
  return async (requestId, organizationId) => {
    if (!printable.test(requestId)) throw noSuchLogin()
    const found = await dependencies.events.find({
      organizationId,
      requestId,
      events: Object.keys(kinds),
      limit: 1,
    })
    const [event] = found
    if (event === undefined || !isLogin(event.event)) throw noSuchLogin()
    return explain(dependencies, event, event.event, organizationId)
  }
}

async function explain(
  { findIdentityName, findGatewayName }: ExplainLoginDependencies,
  event: StoredAuditEvent,
  kind: LoginEventName,
  organizationId: string,
): Promise<LoginExplanation> {
  const details: LoginDetails = event.details
  const { identityId, reason } = event
  const { review } = details
  const names = new Map<string, string>()
  for (const id of review === undefined ? [] : gatewaysOf(review)) {
    const name = await findGatewayName(id, organizationId)
    if (name !== undefined) names.set(id, name)
  }
  return {
    requestId: event.requestId,
    occurredAt: event.occurredAt.toISOString(),
    event: kind,
    outcome: event.outcome,
    summary: summaryOf(event, kind),
    reason,
    whatToDo: reason === null ? null : (reasonTextOf(reason)?.remedy ?? null),
    answeredStatus: answeredStatusOf(event.outcome, reason),
    identity:
      identityId === null
        ? null
        : { id: identityId, name: (await findIdentityName(identityId, organizationId)) ?? null },
    ipAddress: event.ipAddress,
    steps: kinds[kind].steps(event, details),
    review: review === undefined ? null : explainReview(review, names),
    timingsMs: { ...details.timingsMs },
  }
}

function isLogin(event: string): event is LoginEventName {
  return Object.hasOwn(kinds, event)
}

function summaryOf({ outcome, reason }: StoredAuditEvent, kind: LoginEventName): string {
  const { name } = kinds[kind]
  if (outcome === 'success') return `The login with ${name} succeeded.`
  const why = reasonTextOf(reason ?? '')?.meaning ?? `The reason is ${reason ?? 'unknown'}.`
  return outcome === 'denied'
    ? `The login with ${name} was refused. ${why}`
    : `The login with ${name} could not be decided. ${why}`
}

function noSuchLogin(): ApiError {
  return new ApiError(
    'NotFound',
    'No login of your organization has this request id. Of logins that are over a limit only the first is written down',
  )
}
