import type { auditLogsQuery } from '@postern/api-contract/audit-logs'
import { ApiError } from '../http/api-error.ts'
import { canonicalIpAddress } from '../http/client-ip.ts'
import type { AuditPosition, AuditSearch } from './audit-event-store.ts'

type Query = ReturnType<typeof auditLogsQuery.parse>

/** A query as the store takes it, all but how many. */
export function auditSearchOf(query: Query, organizationId: string): Omit<AuditSearch, 'limit'> {
  const { requestId, identityId, projectId, target, actorKind, actorId, outcome, reason } = query
  const { event, since, until, cursor, ipAddress } = query
  return {
    organizationId,
    ...(requestId !== undefined && { requestId }),
    ...(identityId !== undefined && { identityId }),
    ...(projectId !== undefined && { projectId }),
    ...(target !== undefined && { target }),
    ...(actorKind !== undefined && { actorKind }),
    ...(actorId !== undefined && { actorId }),
    ...(event !== undefined && { events: event }),
    ...(outcome !== undefined && { outcome }),
    ...(reason !== undefined && { reason }),
    // However it was spelt; what is no address finds nothing.
    ...(ipAddress !== undefined && { ipAddress: canonicalIpAddress(ipAddress) ?? ipAddress }),
    ...(since !== undefined && { since: new Date(since) }),
    ...(until !== undefined && { until: new Date(until) }),
    ...(cursor !== undefined && { after: decodeCursor(cursor) }),
  }
}

export function encodeCursor({ occurredAt, id }: AuditPosition): string {
  return Buffer.from(`after:${occurredAt.toISOString()}:${String(id)}`).toString('base64url')
}

function decodeCursor(cursor: string): AuditPosition {
  const text = Buffer.from(cursor, 'base64url').toString('latin1')
  const [, time = '', digits] = /^after:([\dT:.Z-]{24}):(\d{1,15})$/.exec(text) ?? []
  const occurredAt = new Date(time)
  if (digits === undefined || Number.isNaN(occurredAt.getTime())) {
    throw new ApiError('BadRequest', 'The cursor is not one that a page returned')
  }
  return { occurredAt, id: Number(digits) }
}
