import type { AuditEvent } from '../audit/audit-event.ts'
import type { AccessTokenClaims } from './access-token-claims.ts'

/** The request that presented a token. */
export interface TokenRequestOrigin {
  requestId: string
  ipAddress: string
}

/** What the audit log says of whatever a token's holder does with it. */
export function tokenEvent(
  { requestId, ipAddress }: TokenRequestOrigin,
  claims: AccessTokenClaims,
): Pick<AuditEvent, 'occurredAt' | 'organizationId' | 'requestId' | 'actor' | 'identityId' | 'ipAddress'> {
  return {
    occurredAt: new Date(),
    organizationId: claims.orgId,
    requestId,
    actor: { kind: 'identity', id: claims.identityId },
    identityId: claims.identityId,
    ipAddress,
  }
}
