import { z } from 'zod'
import { optionalQueryText } from './query.ts'
import { namedId, singleLine, timestamp } from './text.ts'

const auditOutcome = z.enum(['success', 'denied', 'failed'])
const instant = z.iso.datetime({ offset: true })
const eventsMax = 50
const eventName = singleLine(100).min(1)
/** `?event=a,b` as well as `?event=a&event=b`. */
const eventNames = z
  .union([singleLine(eventsMax * 101).min(1), z.array(eventName).min(1).max(eventsMax)])
  .transform((names) => (typeof names === 'string' ? names.split(',') : names))
  .refine(
    (names) => names.length <= eventsMax && names.every((name) => name !== '' && name.length <= 100),
    `At most ${eventsMax} names of at most 100 characters, none of them empty`,
  )

export const auditLogsQuery = z.object({
  requestId: optionalQueryText(100).describe(
    'The `reqId` that a caller was shown; finds also events that belong to no organization',
  ),
  identityId: namedId.optional().describe('Events about this identity'),
  projectId: namedId.optional().describe('Events about this project or what is in it'),
  target: namedId
    .optional()
    .describe('Events about whatever has this id: an identity, a project, a gateway, a pool, a secret, …'),
  actorKind: z
    .enum(['identity', 'user', 'gateway', 'system', 'stranger'])
    .optional()
    .describe('Events of this kind of actor; `stranger` is whoever had not proved who they are'),
  actorId: optionalQueryText(100).describe('Events that this identity, user or gateway caused'),
  event: eventNames
    .optional()
    .describe(`Names of events, such as \`kubernetes-login\`: separated by commas, or several times`),
  outcome: auditOutcome.optional(),
  reason: optionalQueryText(100).describe('Why it was refused or failed, such as `namespace-not-allowed`'),
  ipAddress: optionalQueryText(64).describe('Events of requests that came from this address'),
  since: instant.optional().describe('Events that occurred at this time or later'),
  until: instant.optional().describe('Events that occurred before this time'),
  cursor: z.string().min(1).max(100).optional().describe('`nextCursor` of the page before'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('How many to return: 50 by default, 1000 at most. As lines (NDJSON) 100000 by default'),
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
  projectId: z.string().nullable(),
  ipAddress: z.string().nullable(),
  requestId: z.string(),
  details: z.record(z.string(), z.unknown()),
})

export const auditLogsReply = z.object({
  auditLogs: z.array(auditLog).describe('Newest first'),
  nextCursor: z.string().nullable().describe('Null on the last page'),
})

/** One event on each line, newest first, each as in `auditLogs`. */
export const auditLogLines = z.string().describe('One event a line, each a JSON object as in `auditLogs`')

/** So that nobody can make yesterday's tracks disappear by tomorrow. */
export const auditRetentionDaysMin = 7

export const auditLogSettings = z.object({
  retentionDays: z.int().nullable().describe('As the organization chose; null: as long as the instance does'),
  effectiveRetentionDays: z.int().describe('After so many days events are deleted'),
  retentionDaysMax: z.int().describe('What the instance keeps at most: POSTERN_AUDIT_RETENTION_DAYS'),
})
export const auditLogSettingsReply = z.object({ settings: auditLogSettings })
export const updateAuditLogSettingsRequest = z.object({
  retentionDays: z
    .int()
    .min(auditRetentionDaysMin)
    .max(36_500)
    .nullable()
    .describe(`Days to keep events, from ${auditRetentionDaysMin} on; null: as long as the instance does`),
})

export const explainLoginParams = z.object({
  requestId: z.string().describe('The `reqId` of the reply that the workload got'),
})

export const explainedStep = z.object({
  step: z.string().describe('Closed set by kind of login, such as `review` or `namespace`'),
  title: z.string().describe('What is checked'),
  result: z
    .enum(['passed', 'failed', 'not-reached', 'not-required', 'unknown'])
    .describe('not-required: the configuration asks for nothing here; unknown: it was not written down'),
  expected: z.string().nullable(),
  found: z.string().nullable(),
  durationMs: z.number().nullable(),
})

const explainedGateway = z.object({
  gatewayId: z.string(),
  gatewayName: z.string().nullable().describe('Null where it was deleted since'),
  tunnelId: z.string().nullable(),
  outcome: z.string().describe('`reviewed`, or why it came to no verdict'),
  meaning: z.string(),
})

export const loginExplanation = z.object({
  requestId: z.string(),
  occurredAt: timestamp,
  event: z.string().describe('`kubernetes-login` or `universal-login`'),
  outcome: auditOutcome,
  summary: z.string().describe('What happened, in a sentence'),
  reason: z.string().nullable(),
  whatToDo: z.string().nullable().describe('What to change; null where the login succeeded'),
  answeredStatus: z.int().nullable().describe('The HTTP status that the caller got'),
  identity: z.object({ id: z.string(), name: z.string().nullable() }).nullable(),
  ipAddress: z.string().nullable(),
  steps: z.array(explainedStep).describe('In the order in which they are taken'),
  review: z
    .object({
      reviewer: z
        .string()
        .describe('`stored-jwt`, `client-jwt` or `gateway`: whose right to review was used'),
      description: z.string(),
      host: z.string().nullable(),
      gatewayPoolId: z.string().nullable(),
      gateway: explainedGateway.nullable().describe('Who answered, or was asked last'),
      tried: z.array(explainedGateway).describe('Everyone who was asked, in order'),
      attempts: z.int().nullable(),
      hedged: z.boolean(),
    })
    .nullable(),
  timingsMs: z.record(z.string(), z.number()).describe('By phase; `total` is the whole login'),
})
export const explainLoginReply = z.object({ explanation: loginExplanation })

export type AuditLogEntry = z.output<typeof auditLog>
export type AuditLogSettings = z.output<typeof auditLogSettings>
export type LoginExplanation = z.output<typeof loginExplanation>
export type ExplainedStep = LoginExplanation['steps'][number]
