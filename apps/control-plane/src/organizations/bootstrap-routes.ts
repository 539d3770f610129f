import { bootstrapRequest, bootstrapResponse } from '@postern/api-contract/bootstrap'
import { errorEnvelope } from '@postern/api-contract/error-envelope'
import type { HttpServer } from '../http/http-server.ts'
import type { BootstrapRequest, BootstrappedInstance } from './bootstrap-instance.ts'

export interface BootstrapRoutesDependencies {
  bootstrapInstance: (request: BootstrapRequest) => Promise<BootstrappedInstance>
}

export function registerBootstrapRoutes(
  server: HttpServer,
  { bootstrapInstance }: BootstrapRoutesDependencies,
): void {
  server.post(
    '/api/v1/admin/bootstrap',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'bootstrapInstance',
        tags: ['Instance'],
        summary: 'Make the first organization and its admin',
        description: 'Works once in the life of an instance. The token in the reply is shown this once.',
        body: bootstrapRequest,
        response: { 200: bootstrapResponse, 400: errorEnvelope, 422: errorEnvelope, 429: errorEnvelope },
      },
    },
    async (request) => {
      const { organization, user, identity, accessToken } = await bootstrapInstance({
        ...request.body,
        requestId: request.id,
        ipAddress: request.ip,
      })
      return {
        message: 'The instance is ready. Keep the token: it is not shown again',
        identity: { id: identity.id, name: identity.name, credentials: { token: accessToken } },
        organization: { id: organization.id, name: organization.name, slug: organization.slug },
        user: { id: user.id, email: user.email, username: user.email, superAdmin: true },
      }
    },
  )
}
