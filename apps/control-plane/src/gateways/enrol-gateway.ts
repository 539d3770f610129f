import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AuditReason } from '../audit/audit-reason.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { type Ed25519PublicKey, parseEd25519PublicKey } from './ed25519-public-key.ts'
import { fingerprintOf, hashEnrolmentToken, isEnrolmentToken } from './enrolment-token.ts'
import type {
  EnrolmentRefusal,
  EnrolOutcome,
  GatewayCredentialStore,
  GatewayNamed,
} from './gateway-credential-store.ts'
import type { LiveTunnels } from './live-tunnels.ts'

export interface EnrolmentRequest {
  token: string
  /** Raw Ed25519 public key, base64url. */
  publicKey: string
  requestId: string
  ipAddress: string
}

export interface EnrolledGateway extends GatewayNamed {
  keyId: string
}

/** Throws ApiError: `BadRequest` for a key that is none, `Unauthorized` for everything about the token. */
export type EnrolGateway = (request: EnrolmentRequest) => Promise<EnrolledGateway>

export interface EnrolGatewayDependencies {
  commit: Commit<{ gatewayCredentials: Pick<GatewayCredentialStore, 'enrol'>; audit: ChangeAudit }>
  auditLog: AuditLog
  tunnels: Pick<LiveTunnels, 'closeTunnelsOf'>
  now: () => Date
}

const auditReasons: Record<EnrolmentRefusal, AuditReason> = {
  'token-unknown': 'enrolment-token-unknown',
  'token-used': 'enrolment-token-used',
  'token-expired': 'enrolment-token-expired',
  'token-superseded': 'enrolment-token-superseded',
  'public-key-known': 'public-key-known',
}

/**
 * Binds a gateway's own key to its record, once per enrolment token.
 *
 * A repetition with the same token and the same key has the same answer, because a reply can be lost after the token
 * was spent. That gives nothing away: the answer holds no secret, the binding does not change, and to use the binding
 * one needs the private key, which never left the gateway. Another key with a spent token is refused.
 */
export function createEnrolGateway(dependencies: EnrolGatewayDependencies): EnrolGateway {
  return async (request) => {
    const parsed = parseEd25519PublicKey(request.publicKey)
    if (!parsed.ok) {
      await recordRefusal(dependencies, request, 'public-key-invalid')
      throw new ApiError('BadRequest', `publicKey ${parsed.problem}; the enrolment token was not spent`)
    }
    const outcome = await spendToken(dependencies, request, parsed.key)
    if (outcome.kind === 'refused') {
      await recordRefusal(dependencies, request, auditReasons[outcome.reason], outcome.gateway)
      throw refusalOf(outcome.reason)
    }
    const { gateway, retiredKeyIds } = outcome
    if (retiredKeyIds.length > 0) {
      dependencies.tunnels.closeTunnelsOf(gateway.gatewayId, 'credential-replaced', new Set(retiredKeyIds))
    }
    return { ...gateway, keyId: parsed.key.keyId }
  }
}

function spendToken(
  { commit, now }: EnrolGatewayDependencies,
  request: EnrolmentRequest,
  { keyId, raw }: Ed25519PublicKey,
): Promise<EnrolOutcome> {
  const { token } = request
  if (!isEnrolmentToken(token)) return Promise.resolve({ kind: 'refused', reason: 'token-unknown' })
  const at = now()
  return commit(async ({ gatewayCredentials, audit }) => {
    const tokenHash = hashEnrolmentToken(token)
    const outcome = await gatewayCredentials.enrol({ tokenHash, keyId, publicKey: raw, at })
    if (outcome.kind === 'enrolled') await audit.record(enrolledEvent(request, outcome, keyId, at))
    return outcome
  })
}

/** Who holds a live token is no stranger, and may know what is wrong with the key. */
function refusalOf(reason: EnrolmentRefusal): ApiError {
  return reason === 'public-key-known'
    ? new ApiError(
        'BadRequest',
        'publicKey was enrolled before: make a new key; the enrolment token was not spent',
      )
    : new ApiError(
        'Unauthorized',
        'This enrolment token is not valid. Each works once, within an hour: create a new one for the gateway. ' +
          'The audit log has the reason under this request id',
      )
}

function recordRefusal(
  { auditLog, now }: EnrolGatewayDependencies,
  request: EnrolmentRequest,
  reason: AuditReason,
  gateway?: GatewayNamed,
): Promise<void> {
  return auditLog.record({
    ...originOf(request, now()),
    organizationId: gateway?.organizationId ?? null,
    event: 'gateway-enrolment-refused',
    outcome: 'denied',
    reason,
    actor: { kind: 'stranger' },
    details: {
      tokenFingerprint: fingerprintOf(request.token),
      ...(gateway === undefined ? {} : { gatewayId: gateway.gatewayId, gatewayName: gateway.gatewayName }),
    },
  })
}

function enrolledEvent(
  request: EnrolmentRequest,
  { gateway, isRepeated, retiredKeyIds }: Extract<EnrolOutcome, { kind: 'enrolled' }>,
  keyId: string,
  at: Date,
): AuditEvent {
  return {
    ...originOf(request, at),
    organizationId: gateway.organizationId,
    event: 'gateway-enrolled',
    outcome: 'success',
    actor: { kind: 'gateway', id: gateway.gatewayId },
    details: {
      gatewayId: gateway.gatewayId,
      gatewayName: gateway.gatewayName,
      keyId,
      isRepeated,
      retiredKeyIds,
      tokenFingerprint: fingerprintOf(request.token),
    },
  }
}

function originOf(
  request: EnrolmentRequest,
  occurredAt: Date,
): Pick<AuditEvent, 'occurredAt' | 'requestId' | 'ipAddress'> {
  return { occurredAt, requestId: request.requestId, ipAddress: request.ipAddress }
}
