import type { AuditLogEntry } from '@postern/api-contract/audit-logs'
import type { StoredAuditEvent } from './audit-event-store.ts'
import { explainReason } from './audit-reason.ts'

/** An event as the API shows it. */
export function auditEntryOf(event: StoredAuditEvent): AuditLogEntry {
  return {
    id: String(event.id),
    occurredAt: event.occurredAt.toISOString(),
    event: event.event,
    outcome: event.outcome,
    reason: event.reason,
    reasonMeaning: event.reason === null ? null : (explainReason(event.reason) ?? null),
    actor: event.actor,
    identityId: event.identityId,
    projectId: event.projectId,
    ipAddress: event.ipAddress,
    requestId: event.requestId,
    details: event.details,
  }
}
