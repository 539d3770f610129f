import { explainLoginParams, explainLoginReply } from '@postern/api-contract/audit-logs'
import { actorRefusals, refusals } from '@postern/api-contract/error-envelope'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { ExplainLogin } from './explain-login.ts'

export interface ExplainLoginRoutesDependencies {
  /** Rejects unless the caller may read the audit log. */
  authenticateAuditor: (request: FastifyRequest) => Promise<{ organizationId: string }>
  explainLogin: ExplainLogin
}

export function registerExplainLoginRoutes(
  server: HttpServer,
  { authenticateAuditor, explainLogin }: ExplainLoginRoutesDependencies,
): void {
  server.get(
    '/api/v1/audit-logs/explain/:requestId',
    {
      schema: {
        operationId: 'explainLogin',
        tags: ['Audit logs'],
        summary: 'Why a login ended as it did',
        description:
          'The ordered trace of a login: each check with what it expected and found, who was asked about the token, ' +
          'how long it took, and what to change. The request id is the `reqId` of the reply that the workload got.',
        params: explainLoginParams,
        response: { 200: explainLoginReply, ...actorRefusals, ...refusals(404) },
      },
    },
    async (request) => {
      const { organizationId } = await authenticateAuditor(request)
      return { explanation: await explainLogin(request.params.requestId, organizationId) }
    },
  )
}
