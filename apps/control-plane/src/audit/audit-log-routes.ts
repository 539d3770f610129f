import { Readable } from 'node:stream'
import { auditLogLines, auditLogsQuery, auditLogsReply } from '@postern/api-contract/audit-logs'
import { actorRefusals, refusals } from '@postern/api-contract/error-envelope'
import type { FastifyReply } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import { auditEntryOf } from './audit-entry.ts'
import type { AuditEventStore } from './audit-event-store.ts'
import { auditSearchOf, encodeCursor } from './audit-search.ts'

export interface AuditLogRoutesDependencies {
  authenticate: Authenticate
  events: Pick<AuditEventStore, 'find'>
}

const pageRowsDefault = 50
/** Of one export. Whoever needs more goes on from the time of the last line, or asks for spans of time. */
const lineRowsMax = 100_000
/** How many are read at once, and so held in memory. */
const lineRowsStep = 500
const lineType = 'application/x-ndjson'

const listSchema = {
  operationId: 'listAuditLogs',
  tags: ['Audit logs'],
  summary: 'List audit logs',
  description:
    'The events of the actor’s organization, newest first, for those who may read the audit log. A login to an ' +
    'identity that does not exist belongs to no organization and is found by its request id alone. Pages are stable: ' +
    'events that come meanwhile neither repeat nor displace others. With `Accept: application/x-ndjson` the reply is ' +
    `a stream of lines, one event each, of at most ${String(lineRowsMax)} events.`,
  querystring: auditLogsQuery,
  response: {
    200: {
      description: 'Events, newest first',
      content: {
        'application/json': { schema: auditLogsReply },
        [lineType]: { schema: auditLogLines },
      },
    },
    ...actorRefusals,
    ...refusals(400),
  },
}

export function registerAuditLogRoutes(server: HttpServer, dependencies: AuditLogRoutesDependencies): void {
  const { authenticate, events } = dependencies
  server.get('/api/v1/audit-logs', { schema: listSchema }, async (request, reply) => {
    const actor = await authenticate(request)
    requirePermission(actor, 'read', 'audit-log')
    const search = auditSearchOf(request.query, actor.organizationId)
    if (wantsLines(request.headers.accept)) {
      sendLines(reply, linesOf(events, search, request.query.limit ?? lineRowsMax))
      return reply
    }
    const limit = request.query.limit ?? pageRowsDefault
    // One more than asked for tells whether there is a next page.
    const found = await events.find({ ...search, limit: limit + 1 })
    const page = found.slice(0, limit)
    const last = page.at(-1)
    const nextCursor = last === undefined || found.length <= limit ? null : encodeCursor(last)
    return { auditLogs: page.map(auditEntryOf), nextCursor }
  })
}

/** Only where lines are asked for by name: clients that take anything get the page. */
function wantsLines(accept: string | undefined): boolean {
  return (accept ?? '').split(',').some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === lineType)
}

/** Apart from the route's own reply, whose type knows no streams. */
function sendLines(reply: FastifyReply, lines: AsyncGenerator<string>): void {
  void reply.type(lineType).send(Readable.from(lines))
}

/** Reads on as fast as the peer does, so that no export holds more than one step of it. */
async function* linesOf(
  events: AuditLogRoutesDependencies['events'],
  search: ReturnType<typeof auditSearchOf>,
  rowsMax: number,
): AsyncGenerator<string> {
  let { after } = search
  for (let left = rowsMax; left > 0;) {
    const limit = Math.min(left, lineRowsStep)
    const found = await events.find({ ...search, ...(after === undefined ? {} : { after }), limit })
    if (found.length > 0) yield found.map((event) => `${JSON.stringify(auditEntryOf(event))}\n`).join('')
    after = found.at(-1)
    left = found.length < limit ? 0 : left - limit
  }
}
