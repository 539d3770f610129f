import type { AuditEvent } from './audit-event.ts'
import type { AuditEventStore } from './audit-event-store.ts'
import { encodeAuditEvent } from './encode-audit-event.ts'

/** The audit log within a change: its rows are committed with the change or not at all. */
export interface ChangeAudit {
  /** Rejects when the row cannot be written, which undoes the change. */
  record(event: AuditEvent): Promise<void>
}

/** @param store one that writes in the change's transaction */
export function createChangeAudit(store: Pick<AuditEventStore, 'append'>): ChangeAudit {
  return {
    record: async (event) => {
      const outcome = await store.append([encodeAuditEvent(event)])
      if (outcome.kind === 'committed') return
      const { error } = outcome
      throw error instanceof Error ? error : new Error('an audit row was not written', { cause: error })
    },
  }
}
