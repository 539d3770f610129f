import type { AuditEvent } from '../../audit/audit-event.ts'
import type { AuditLog } from '../../audit/audit-log.ts'

export interface RecordedAudit extends AuditLog {
  readonly events: AuditEvent[]
}

export function createRecordedAudit(): RecordedAudit {
  const events: AuditEvent[] = []
  return {
    events,
    record: (event) => {
      events.push(event)
      return Promise.resolve()
    },
  }
}
