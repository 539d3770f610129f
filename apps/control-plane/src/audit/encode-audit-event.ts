import type { AuditEvent, AuditOutcome } from './audit-event.ts'

/** An event as the database takes it: every text storable, the details as JSON. */
export interface AuditRow {
  occurredAt: string
  organizationId: string | null
  requestId: string
  event: string
  outcome: AuditOutcome
  reason: string | null
  actorKind: string
  actorId: string | null
  identityId: string | null
  projectId: string | null
  ipAddress: string | null
  details: string
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
const detailsLengthMax = 16_384
/** What PostgreSQL's text and jsonb refuse: NUL, and halves of surrogate pairs. As JSON.stringify writes them. */
const unstorable = /\\u(?:0000|d[89a-f])/

export function encodeAuditEvent(event: AuditEvent): AuditRow {
  return {
    occurredAt: event.occurredAt.toISOString(),
    organizationId: event.organizationId,
    requestId: storable(event.requestId),
    event: event.event,
    outcome: event.outcome,
    reason: event.reason ?? null,
    actorKind: event.actor.kind,
    actorId: event.actor.id === undefined ? null : storable(event.actor.id),
    identityId: event.identityId ?? null,
    projectId: projectOf(event),
    ipAddress: event.ipAddress === undefined ? null : storable(event.ipAddress),
    details: encodeDetails(event.details),
  }
}

function projectOf({ projectId, details }: AuditEvent): string | null {
  if (projectId !== undefined) return projectId
  const named = details['projectId']
  return typeof named === 'string' && uuid.test(named) ? named : null
}

function encodeDetails(details: AuditEvent['details']): string {
  const json = JSON.stringify(details)
  // An event without its details is better than a login that cannot be written down.
  if (json.length > detailsLengthMax) return JSON.stringify({ detailsTooLong: json.length })
  return unstorable.test(json) ? JSON.stringify(details, storableValue) : json
}

function storableValue(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return storable(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), inner]))
}

function storable(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\u{fffd}').toWellFormed() : text.toWellFormed()
}
