import type {
  KubernetesLoginSimulation,
  SimulateKubernetesLoginRequest,
} from '@postern/api-contract/kubernetes-login'
import type { TokenVerdict } from '@postern/token-review'
import { announcedMaxTtlSeconds, expiryOf } from '../access-tokens/token-lifetime.ts'
import { isTrusted, trustedIpTexts } from '../access-tokens/trusted-ips.ts'
import type { AuditActor } from '../audit/audit-event.ts'
import type { StoredAuditEvent } from '../audit/audit-event-store.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { reasonTextOf } from '../audit/audit-reason.ts'
import type { LoginDetails } from '../audit/login-details.ts'
import { ApiError } from '../http/api-error.ts'
import { canonicalIpAddress } from '../http/client-ip.ts'
import type { IdentityReader } from '../identities/identity-cache.ts'
import type { IdentityCore } from '../identities/identity-store.ts'
import type { KubernetesAuthReader, LoginConfiguration } from '../kubernetes-auth/kubernetes-auth-cache.ts'
import type { RuleCheck } from '../kubernetes-auth/kubernetes-auth-rules.ts'
import { serviceAccountsGroup } from '../kubernetes-auth/service-account-name.ts'
import { checkAuthentic } from './check-authentic.ts'
import { checkRules } from './check-rules.ts'
import { explainKubernetesSteps } from './explain-kubernetes-login.ts'
import { type CheckResult, denied } from './login-denial.ts'

export interface SimulateKubernetesLoginDependencies {
  identities: IdentityReader
  kubernetesAuths: KubernetesAuthReader
  /** What a role gives in the organization. */
  rightsOf: (
    organizationId: string,
    role: string,
  ) => Promise<{ rules: readonly { subject: string; action: readonly string[] }[] }>
  auditLog: AuditLog
  now: () => Date
}

export interface SimulationOrigin {
  organizationId: string
  actor: AuditActor
  requestId: string
  ipAddress: string
}

/** What a service account would get, by the rules of the login itself: no token, no review, nobody logged in. */
export type SimulateKubernetesLogin = (
  origin: SimulationOrigin,
  identityId: string,
  request: SimulateKubernetesLoginRequest,
) => Promise<KubernetesLoginSimulation>

/** Of a token that is not there, and of what happens after the rules. */
const stepsLeftOut = new Set(['limit', 'token-shape', 'token-expiry', 'configuration', 'access-token'])

export function createSimulateKubernetesLogin(
  dependencies: SimulateKubernetesLoginDependencies,
): SimulateKubernetesLogin {
  return async (origin, identityId, request) => {
    const { identities, kubernetesAuths, rightsOf, auditLog, now } = dependencies
    const identity = await identities.findIdentity(identityId)
    if (identity === undefined || identity.organizationId !== origin.organizationId) {
      throw new ApiError('NotFound', 'There is no such identity in your organization')
    }
    const configuration = await kubernetesAuths.find(identity.id)
    if (configuration === undefined) throw new ApiError('NotFound', 'The identity has no Kubernetes Auth')
    const outcome = judge(identity, configuration, request)
    const reason = outcome.ok ? null : outcome.denial.reason
    const { requestId, ipAddress, actor, organizationId } = origin
    const { namespace, name } = request
    await auditLog.record({
      occurredAt: now(),
      organizationId,
      requestId,
      event: 'kubernetes-login-simulated',
      outcome: 'success',
      actor,
      identityId: identity.id,
      ipAddress,
      details: { serviceAccount: { namespace, name }, isAllowed: outcome.ok, reason },
    })
    const { rules } = await rightsOf(identity.organizationId, identity.role)
    return {
      isAllowed: outcome.ok,
      reason,
      whatToDo: reason === null ? null : (reasonTextOf(reason)?.remedy ?? null),
      steps: stepsOf(outcome, identity, configuration, request),
      accessToken: accessTokenOf(configuration, request),
      identity: { id: identity.id, name: identity.name, role: identity.role },
      rights: rules.map(({ subject, action }) => ({ subject, action: [...action] })),
    }
  }
}

/** The checks of `kubernetes-login.ts` that need no token, in their order. */
function judge(
  { isDisabled }: IdentityCore,
  { rules }: LoginConfiguration,
  request: SimulateKubernetesLoginRequest,
): CheckResult<readonly RuleCheck[]> {
  if (isDisabled) return denied('identity-disabled')
  const authentic = checkAuthentic(verdictOn(request, rules.audiences), rules.audiences)
  return authentic.ok ? checkRules(rules, authentic.value) : authentic
}

/** As an API server says it: of the audiences that it was asked about, those that the token is for. */
function verdictOn(
  { namespace, name, audiences, clusterVouches }: SimulateKubernetesLoginRequest,
  asked: readonly string[],
): TokenVerdict {
  if (!clusterVouches) return { authenticated: false, error: 'assumed' }
  const confirmed = audiences.filter((audience) => asked.includes(audience))
  return {
    authenticated: true,
    username: `system:serviceaccount:${namespace}:${name}`,
    uid: '',
    groups: [serviceAccountsGroup],
    // Where none is confirmed an API server would refuse the token; the rule about audiences says why.
    audiences: confirmed.length > 0 ? confirmed : audiences,
  }
}

function stepsOf(
  outcome: CheckResult<readonly RuleCheck[]>,
  identity: IdentityCore,
  { rules }: LoginConfiguration,
  { namespace, name }: SimulateKubernetesLoginRequest,
): KubernetesLoginSimulation['steps'] {
  const checks = outcome.ok ? outcome.value : outcome.denial.checks
  const detail = outcome.ok ? undefined : outcome.denial.detail
  const [requiredAudience] = rules.audiences
  const details: LoginDetails = {
    serviceAccount: { namespace, name },
    ...(checks === undefined ? {} : { checks }),
    ...(detail === undefined ? {} : { detail }),
    ...(requiredAudience === undefined ? {} : { requiredAudience }),
  }
  const event: Pick<StoredAuditEvent, 'outcome' | 'reason' | 'identityId'> = {
    outcome: outcome.ok ? 'success' : 'denied',
    reason: outcome.ok ? null : outcome.denial.reason,
    identityId: identity.id,
  }
  return explainKubernetesSteps(event, details)
    .filter(({ step }) => !stepsLeftOut.has(step))
    .map(({ step, title, result, expected, found }) => {
      const isAssumed = step === 'review' && result === 'passed'
      return { step, title, result, expected, found: isAssumed ? 'assumed' : found }
    })
}

function accessTokenOf(
  { auth: { accessToken } }: LoginConfiguration,
  { clientIp }: SimulateKubernetesLoginRequest,
): KubernetesLoginSimulation['accessToken'] {
  const { numUsesLimit, trustedIps } = accessToken
  return {
    expiresIn: expiryOf(accessToken, { createdAt: 0, now: 0 }),
    accessTokenMaxTTL: announcedMaxTtlSeconds(accessToken),
    accessTokenNumUsesLimit: numUsesLimit,
    accessTokenTrustedIps: trustedIpTexts(trustedIps),
    isClientIpTrusted:
      clientIp === undefined ? null : isTrusted(canonicalIpAddress(clientIp) ?? clientIp, trustedIps),
  }
}
