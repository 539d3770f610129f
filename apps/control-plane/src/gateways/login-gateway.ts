import type { AuditEvent, JsonValue } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AuditReason } from '../audit/audit-reason.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { Commit } from '../database/commit.ts'
import type { ApiError } from '../http/api-error.ts'
import type { LeavingSignal } from '../http/signal-of-leaving.ts'
import { type Ed25519PublicKey, parseEd25519PublicKey } from './ed25519-public-key.ts'
import { fingerprintOf } from './enrolment-token.ts'
import type { EnrolledGateway } from './enrol-gateway.ts'
import type { GatewayNamed } from './gateway-credential-store.ts'
import type { BindOutcome, GatewayKeyStore } from './gateway-key-store.ts'
import type { GatewayKubernetesAuth } from './gateway-kubernetes-auth.ts'
import type { GatewayKubernetesAuthStore } from './gateway-kubernetes-auth-store.ts'
import { gatewayLoginError } from './gateway-login-refusal.ts'
import type { LiveTunnels } from './live-tunnels.ts'
import type { PodDenial, PodJudge, PodJudgement } from './pod-judge.ts'

export interface GatewayLoginRequest {
  /** A UUID in lower case. */
  gatewayId: string
  /** The pod's service-account token, as sent. */
  jwt: string
  /** Raw Ed25519 public key, base64url. */
  publicKey: string
  requestId: string
  ipAddress: string
  /** Fires when the caller has left. */
  signal?: LeavingSignal
}

/** Throws ApiError whose details are a `GatewayLoginRefusal`. */
export type LoginGateway = (request: GatewayLoginRequest) => Promise<EnrolledGateway>

export interface LoginGatewayDependencies {
  gatewayAuths: Pick<GatewayKubernetesAuthStore, 'find'>
  gateways: { findOrganizationOf(gatewayId: string): Promise<{ organizationId: string } | undefined> }
  podJudge: Pick<PodJudge, 'couldBeLive' | 'judge'>
  commit: Commit<{ gatewayKeys: Pick<GatewayKeyStore, 'bind'>; audit: ChangeAudit }>
  auditLog: AuditLog
  tunnels: Pick<LiveTunnels, 'closeTunnelsOf'>
  /** How often logins may fail, as for workloads. */
  limits: {
    exhausted(key: string): { retryAfterSeconds: number; isNews: boolean } | undefined
    spend(key: string): void
  }
  limitKeyOf: (request: GatewayLoginRequest, couldBeLive: boolean) => string
  /** Makes refusals that took no review take equal time. */
  pace: (startedAtMs: number) => Promise<void>
  now: () => Date
  elapsed: () => number
}

/** More processes than any gateway has; beyond it the oldest keys retire. */
const liveKeysMax = 16

const refusedMessage =
  'The login was refused. Whoever runs Postern finds the reason in the audit log under this request id'

interface Refused {
  reason: AuditReason
  outcome: 'denied' | 'failed'
  error: ApiError
  organizationId?: string | undefined
  details?: Readonly<Record<string, JsonValue>>
  isBeforeReview?: boolean
}

type Bound = Extract<BindOutcome, { kind: 'bound' }>

/**
 * Binds one more key of a gateway, because its cluster vouches for the pod that holds it. In this order: the limit, the
 * key's form, the gateway, the pod (`PodJudge`), and last the binding, which finds out whether the gateway is revoked or
 * its rules have changed meanwhile. Until the cluster has vouched every refusal is the same (D4).
 *
 * The same pod may send the same key again, should a reply be lost; each process of a gateway has a key of its own.
 */
export function createLoginGateway(dependencies: LoginGatewayDependencies): LoginGateway {
  return async (request) => {
    const startedAtMs = dependencies.elapsed()
    const key = dependencies.limitKeyOf(request, dependencies.podJudge.couldBeLive(request.jwt))
    const exhausted = dependencies.limits.exhausted(key)
    const outcome =
      exhausted === undefined
        ? await login(dependencies, request)
        : tooManyFailures(exhausted.retryAfterSeconds)
    if ('gatewayId' in outcome) return outcome
    if (exhausted === undefined && outcome.outcome === 'denied') dependencies.limits.spend(key)
    if (exhausted === undefined || exhausted.isNews) {
      await dependencies.auditLog.record(refusedEvent(request, outcome, dependencies.now()))
    }
    if (outcome.isBeforeReview === true) await dependencies.pace(startedAtMs)
    throw outcome.error
  }
}

async function login(
  dependencies: LoginGatewayDependencies,
  request: GatewayLoginRequest,
): Promise<EnrolledGateway | Refused> {
  const parsed = parseEd25519PublicKey(request.publicKey)
  if (!parsed.ok) {
    const error = gatewayLoginError('public-key-invalid', `publicKey ${parsed.problem}`)
    return { reason: 'public-key-invalid', outcome: 'denied', error }
  }
  const auth = await dependencies.gatewayAuths.find(request.gatewayId)
  if (auth === undefined) return unknownGateway(dependencies, request.gatewayId)
  const { jwt, signal } = request
  const judgement = await dependencies.podJudge.judge(auth, { jwt, ...(signal && { signal }) })
  if (judgement.kind === 'denied') {
    const { organizationId } = auth
    return { ...refusalOf(judgement.denial), organizationId, details: judgement.details }
  }
  return bind(dependencies, request, { auth, key: parsed.key, judgement })
}

async function unknownGateway({ gateways }: LoginGatewayDependencies, gatewayId: string): Promise<Refused> {
  const known = await gateways.findOrganizationOf(gatewayId)
  return {
    reason: known === undefined ? 'gateway-unknown' : 'gateway-method-mismatched',
    outcome: 'denied',
    error: gatewayLoginError('login-refused', refusedMessage),
    organizationId: known?.organizationId,
    isBeforeReview: true,
  }
}

function refusalOf({ reason, outcome, answer, isBeforeReview, retryAfterSeconds }: PodDenial): Refused {
  return { reason, outcome, isBeforeReview, error: errorOf(reason, answer, retryAfterSeconds) }
}

function errorOf(
  reason: AuditReason,
  answer: PodDenial['answer'],
  retryAfterSeconds: number | undefined,
): ApiError {
  switch (answer) {
    case 'rule': {
      const what = reason.slice(0, reason.indexOf('-'))
      return gatewayLoginError(
        'pod-not-allowed',
        `The login was refused: the ${what} of the pod’s service account is not allowed for this gateway`,
      )
    }
    case 'unavailable':
      return gatewayLoginError(
        'cluster-unavailable',
        'The cluster cannot be asked at the moment. Try again',
        retryAfterSeconds,
      )
    case 'refused':
    default:
      return gatewayLoginError('login-refused', refusedMessage)
  }
}

function tooManyFailures(retryAfterSeconds: number): Refused {
  const message = 'Too many logins failed. Try again later'
  const error = gatewayLoginError('rate-limited', message, retryAfterSeconds)
  return { reason: 'rate-limited', outcome: 'denied', error, isBeforeReview: true }
}

interface Admitted {
  auth: GatewayKubernetesAuth
  key: Ed25519PublicKey
  judgement: PodJudgement
}

async function bind(
  { commit, tunnels, now }: LoginGatewayDependencies,
  request: GatewayLoginRequest,
  { auth, key, judgement }: Admitted,
): Promise<EnrolledGateway | Refused> {
  const at = now()
  const outcome = await commit(async ({ gatewayKeys, audit }) => {
    const { gatewayId, updatedAt } = auth
    const binding = {
      gatewayId,
      keyId: key.keyId,
      publicKey: key.raw,
      at,
      liveKeysMax,
      admittedBy: updatedAt,
    }
    const bound = await gatewayKeys.bind(binding)
    if (bound.kind === 'bound') {
      await audit.record(enrolledEvent(request, bound, { keyId: key.keyId, ...judgement.details }, at))
    }
    return bound
  })
  if (outcome.kind === 'refused') {
    const { organizationId } = auth
    return { ...bindingRefusals[outcome.reason](), organizationId, details: judgement.details }
  }
  const { gateway, retiredKeyIds } = outcome
  if (retiredKeyIds.length > 0) {
    tunnels.closeTunnelsOf(gateway.gatewayId, 'credential-replaced', new Set(retiredKeyIds))
  }
  return { ...namesOf(gateway), keyId: key.keyId }
}

type BindingRefusal = Extract<BindOutcome, { kind: 'refused' }>['reason']

/** The cluster has vouched for the pod: it may know. */
const bindingRefusals: Record<BindingRefusal, () => Refused> = {
  'gateway-revoked': () => ({
    reason: 'gateway-revoked',
    outcome: 'denied',
    error: gatewayLoginError(
      'gateway-revoked',
      'The gateway has been revoked. Whoever runs Postern lets it back in by setting its authentication method again',
    ),
  }),
  'public-key-known': () => ({
    reason: 'public-key-known',
    outcome: 'denied',
    error: gatewayLoginError('public-key-known', 'publicKey was enrolled before: make a new key'),
  }),
  'configuration-changed': () => ({
    reason: 'configuration-changed',
    outcome: 'failed',
    error: gatewayLoginError('configuration-changed', 'The gateway was changed just now. Try again'),
  }),
}

function namesOf({ gatewayId, gatewayName, organizationId }: GatewayNamed): GatewayNamed {
  return { gatewayId, gatewayName, organizationId }
}

function enrolledEvent(
  request: GatewayLoginRequest,
  { gateway, isRepeated, retiredKeyIds }: Bound,
  details: Readonly<Record<string, JsonValue>>,
  at: Date,
): AuditEvent {
  return {
    ...eventOf(request, gateway.organizationId, at),
    event: 'gateway-enrolled',
    outcome: 'success',
    actor: { kind: 'gateway', id: gateway.gatewayId },
    details: {
      ...detailsOf(request),
      ...details,
      gatewayName: gateway.gatewayName,
      isRepeated,
      retiredKeyIds,
    },
  }
}

function refusedEvent(
  request: GatewayLoginRequest,
  { reason, outcome, organizationId, details }: Refused,
  at: Date,
): AuditEvent {
  return {
    ...eventOf(request, organizationId ?? null, at),
    event: 'gateway-enrolment-refused',
    outcome,
    reason,
    actor: { kind: 'stranger' },
    details: { ...detailsOf(request), ...details },
  }
}

function eventOf(
  { requestId, ipAddress }: GatewayLoginRequest,
  organizationId: string | null,
  occurredAt: Date,
): Pick<AuditEvent, 'occurredAt' | 'organizationId' | 'requestId' | 'ipAddress'> {
  return { occurredAt, organizationId, requestId, ipAddress }
}

function detailsOf({ gatewayId, jwt }: GatewayLoginRequest): Record<string, JsonValue> {
  return { method: 'kubernetes', gatewayId, tokenFingerprint: fingerprintOf(jwt.trim()) }
}
