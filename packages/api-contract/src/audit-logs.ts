import { z } from 'zod'
import { singleLine } from './text.ts'

const auditOutcome = z.enum(['success', 'denied', 'failed'])
const instant = z.iso.datetime({ offset: true })

export const auditLogsQuery = z.object({
  requestId: singleLine(100)
    .min(1)
    .optional()
    .describe('The `reqId` that a caller was shown; finds also events that belong to no organization'),
  identityId: z.guid().optional().describe('Events about this identity'),
  event: singleLine(100).min(1).optional().describe('The name of an event, such as `kubernetes-login`'),
  outcome: auditOutcome.optional(),
  since: instant.optional().describe('Events that occurred at this time or later'),
  until: instant.optional().describe('Events that occurred before this time'),
  cursor: z.string().min(1).max(100).optional().describe('`nextCursor` of the page before'),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
})

export const auditLog = z.object({
  id: z.string(),
  occurredAt: z.iso.datetime(),
  event: z.string(),
  outcome: auditOutcome.describe('denied: a rule refused it; failed: something was broken'),
  reason: z.string().nullable(),
  reasonMeaning: z.string().nullable().describe('What the reason means, and what to do about it'),
  actor: z.object({ kind: z.string(), id: z.string().nullable() }),
  identityId: z.string().nullable(),
  ipAddress: z.string().nullable(),
  requestId: z.string(),
  details: z.record(z.string(), z.unknown()),
})

export const auditLogsReply = z.object({
  auditLogs: z.array(auditLog).describe('Newest first'),
  nextCursor: z.string().nullable().describe('Null on the last page'),
})

export type AuditLogEntry = z.output<typeof auditLog>
