import { type AuditLogEntry, auditLogsQuery, auditLogsReply } from '@postern/api-contract/audit-logs'
import { errorEnvelope } from '@postern/api-contract/error-envelope'
import { ApiError } from '../http/api-error.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type { AuditEventStore, AuditSearch, StoredAuditEvent } from './audit-event-store.ts'
import { explainReason } from './audit-reason.ts'

export interface AuditLogRoutesDependencies {
  authenticate: Authenticate
  events: Pick<AuditEventStore, 'find'>
}

export function registerAuditLogRoutes(server: HttpServer, dependencies: AuditLogRoutesDependencies): void {
  const { authenticate, events } = dependencies
  server.get(
    '/api/v1/audit-logs',
    {
      schema: {
        operationId: 'listAuditLogs',
        tags: ['Audit logs'],
        summary: 'List audit logs',
        description:
          'The events of the actor’s organization, newest first, for its admins. A login to an identity that does ' +
          'not exist belongs to no organization and is found by its request id alone.',
        querystring: auditLogsQuery,
        response: {
          200: auditLogsReply,
          400: errorEnvelope,
          401: errorEnvelope,
          403: errorEnvelope,
          422: errorEnvelope,
        },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      requirePermission(actor, 'read', 'audit-log')
      const { limit } = request.query
      // One more than asked for tells whether there is a next page.
      const search = searchOf(request.query, actor.organizationId, limit + 1)
      const found = await events.find(search)
      const page = found.slice(0, limit)
      const last = page.at(-1)
      const nextCursor = last === undefined || found.length <= limit ? null : encodeCursor(last.id)
      return { auditLogs: page.map(entryOf), nextCursor }
    },
  )
}

type Query = ReturnType<typeof auditLogsQuery.parse>

function searchOf(query: Query, organizationId: string, limit: number): AuditSearch {
  const { requestId, identityId, event, outcome, since, until, cursor } = query
  return {
    organizationId,
    limit,
    ...(requestId !== undefined && { requestId }),
    ...(identityId !== undefined && { identityId }),
    ...(event !== undefined && { event }),
    ...(outcome !== undefined && { outcome }),
    ...(since !== undefined && { since: new Date(since) }),
    ...(until !== undefined && { until: new Date(until) }),
    ...(cursor !== undefined && { beforeId: decodeCursor(cursor) }),
  }
}

function entryOf(event: StoredAuditEvent): AuditLogEntry {
  return {
    id: String(event.id),
    occurredAt: event.occurredAt.toISOString(),
    event: event.event,
    outcome: event.outcome,
    reason: event.reason,
    reasonMeaning: event.reason === null ? null : (explainReason(event.reason) ?? null),
    actor: event.actor,
    identityId: event.identityId,
    ipAddress: event.ipAddress,
    requestId: event.requestId,
    details: event.details,
  }
}

function encodeCursor(id: number): string {
  return Buffer.from(`before:${String(id)}`).toString('base64url')
}

function decodeCursor(cursor: string): number {
  const [, digits] = /^before:([0-9]{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? []
  if (digits === undefined) throw new ApiError('BadRequest', 'The cursor is not one that a page returned')
  return Number(digits)
}
