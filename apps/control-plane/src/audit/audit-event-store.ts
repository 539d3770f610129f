import type { AuditOutcome } from './audit-event.ts'
import type { AuditRow } from './encode-audit-event.ts'

export interface AuditEventStore {
  /** Writes all rows in one statement, or none. `committed` means on disk, whatever the database's own setting. */
  append(rows: readonly AuditRow[]): Promise<AppendOutcome>
  /** Newest first; those of the same millisecond in the reverse order of writing. */
  find(search: AuditSearch): Promise<StoredAuditEvent[]>
}

export type AppendOutcome =
  | { kind: 'committed' }
  /** Nothing was written, because the database takes one of the rows to be wrong. */
  | { kind: 'row-refused'; error: unknown }
  /** Nothing was written: no connection came about, or the database undid it. Trying again cannot double a row. */
  | { kind: 'not-reached'; error: unknown }
  /** Nobody can tell whether the rows were written. */
  | { kind: 'unknown'; error: unknown }

/** Every part narrows the search. */
export interface AuditSearch {
  /** Whose events; with `requestId` also those that belong to no organization. */
  organizationId: string
  requestId?: string
  identityId?: string
  projectId?: string
  /** The id of whatever the event is about: its identity, its project, or anything that its details name by it. */
  target?: string
  actorKind?: string
  actorId?: string
  /** One of these. */
  events?: readonly string[]
  outcome?: AuditOutcome
  reason?: string
  ipAddress?: string
  since?: Date
  until?: Date
  /** Only events that come after this one in the list. */
  after?: AuditPosition
  limit: number
}

/** Where an event stands in a list. No event ever moves, so a page after it neither repeats nor passes over one. */
export interface AuditPosition {
  occurredAt: Date
  id: number
}

export interface StoredAuditEvent {
  id: number
  occurredAt: Date
  organizationId: string | null
  requestId: string
  event: string
  outcome: AuditOutcome
  reason: string | null
  actor: { kind: string; id: string | null }
  identityId: string | null
  projectId: string | null
  ipAddress: string | null
  details: Record<string, unknown>
}
