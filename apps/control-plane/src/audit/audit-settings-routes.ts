import { auditLogSettingsReply, updateAuditLogSettingsRequest } from '@postern/api-contract/audit-logs'
import { actorRefusals, refusals } from '@postern/api-contract/error-envelope'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import type { AuditSettings } from './change-audit-settings.ts'
import type { ChangeOrigin } from './denied-attempt.ts'

export interface AuditSettingsRoutesDependencies {
  authenticate: Authenticate
  auditSettings: AuditSettings
}

const url = '/api/v1/audit-logs/settings'
const shared = {
  tags: ['Audit logs'],
  response: { 200: auditLogSettingsReply, ...actorRefusals, ...refusals(404) },
}

export function registerAuditSettingsRoutes(
  server: HttpServer,
  { authenticate, auditSettings }: AuditSettingsRoutesDependencies,
): void {
  const originOf = async (request: FastifyRequest): Promise<ChangeOrigin> => ({
    actor: await authenticate(request),
    requestId: request.id,
    ipAddress: request.ip,
  })
  server.get(
    url,
    {
      schema: {
        ...shared,
        operationId: 'getAuditLogSettings',
        summary: 'How long audit events are kept',
        description: 'For those who may read the audit log.',
      },
    },
    async (request) => ({ settings: await auditSettings.read(await originOf(request)) }),
  )
  server.patch(
    url,
    {
      schema: {
        ...shared,
        operationId: 'updateAuditLogSettings',
        summary: 'Choose how long audit events are kept',
        description:
          'For those who may edit the organization. Events that are older are deleted within minutes, in small ' +
          'steps, and cannot be restored. The change itself is an event.',
        body: updateAuditLogSettingsRequest,
      },
    },
    async (request) => ({ settings: await auditSettings.change(await originOf(request), request.body) }),
  )
}
