import type { AuditEvent } from './audit-event.ts'

export interface AuditLog {
  /**
   * Resolves once the row is committed to disk. Rejects with ApiError ServiceUnavailable when it could not be: the
   * caller must then not reply as if it had been.
   */
  record(event: AuditEvent): Promise<void>
}
