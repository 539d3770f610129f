import { ApiError } from '../http/api-error.ts'
import { type Actor, auditActorOf } from '../permissions/actor.ts'
import type { AuditEvent } from './audit-event.ts'
import type { AuditLog } from './audit-log.ts'

/** Who asks for a change, and by which request. */
export interface ChangeOrigin {
  actor: Actor
  requestId: string
  ipAddress: string
}

/** What would be written down had the attempt succeeded. */
export interface Attempt {
  event: AuditEvent['event']
  details: AuditEvent['details']
}

/** Makes the change; an attempt beyond the actor's rights is written down before it is refused. */
export async function orTellDenied<Result>(
  { auditLog, now }: { auditLog: AuditLog; now: () => Date },
  { actor, requestId, ipAddress }: ChangeOrigin,
  { event, details }: Attempt,
  change: () => Promise<Result>,
): Promise<Result> {
  try {
    return await change()
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'PermissionDenied') throw error
    await auditLog.record({
      occurredAt: now(),
      organizationId: actor.organizationId,
      requestId,
      event,
      outcome: 'denied',
      reason: 'permission-denied',
      actor: auditActorOf(actor),
      ipAddress,
      details,
    })
    throw error
  }
}
