import { actorRefusals, refusals } from '@postern/api-contract/error-envelope'
import { identityIdParams } from '@postern/api-contract/identities'
import {
  simulateKubernetesLoginReply,
  simulateKubernetesLoginRequest,
} from '@postern/api-contract/kubernetes-login'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { SimulateKubernetesLogin, SimulationOrigin } from './simulate-kubernetes-login.ts'

export interface SimulateLoginRoutesDependencies {
  /** Rejects unless the caller may see how identities log in. */
  authenticateReader: (request: FastifyRequest) => Promise<Pick<SimulationOrigin, 'organizationId' | 'actor'>>
  simulate: SimulateKubernetesLogin
}

export function registerSimulateLoginRoutes(
  server: HttpServer,
  { authenticateReader, simulate }: SimulateLoginRoutesDependencies,
): void {
  server.post(
    '/api/v1/auth/kubernetes-auth/identities/:identityId/simulate',
    {
      schema: {
        operationId: 'simulateKubernetesLogin',
        tags: ['Kubernetes Auth'],
        summary: 'What a service account would get',
        description:
          'Applies the rules of the login to a service account, without a token, without asking the cluster and ' +
          'without a login: each check with what it expects and finds, the access token that a login would lead to, ' +
          'and what the identity may do.',
        params: identityIdParams,
        body: simulateKubernetesLoginRequest,
        response: { 200: simulateKubernetesLoginReply, ...actorRefusals, ...refusals(404) },
      },
    },
    async (request) => {
      const who = await authenticateReader(request)
      const origin = { ...who, requestId: request.id, ipAddress: request.ip }
      return { simulation: await simulate(origin, request.params.identityId, request.body) }
    },
  )
}
