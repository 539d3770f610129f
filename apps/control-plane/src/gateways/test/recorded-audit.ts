import type { AuditEvent } from '../../audit/audit-event.ts'
import type { AuditLog } from '../../audit/audit-log.ts'

export interface RecordedAudit extends AuditLog {
  readonly events: AuditEvent[]
  /** From then on nothing is recorded, as if the database were gone. */
  refuse(isRefusing: boolean): void
}

export function createRecordedAudit(): RecordedAudit {
  const events: AuditEvent[] = []
  let isRefusing = false
  return {
    events,
    refuse: (value) => {
      isRefusing = value
    },
    record: (event) => {
      if (isRefusing) return Promise.reject(new Error('the audit log is away'))
      events.push(event)
      return Promise.resolve()
    },
  }
}
