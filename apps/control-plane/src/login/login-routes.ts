import { accessTokenReply } from '@postern/api-contract/access-tokens'
import { errorEnvelope } from '@postern/api-contract/error-envelope'
import { kubernetesLoginRequest } from '@postern/api-contract/kubernetes-login'
import type { HttpServer } from '../http/http-server.ts'
import { signalOfLeaving } from '../http/signal-of-leaving.ts'
import type { KubernetesLogin } from './kubernetes-login.ts'

export interface LoginRoutesDependencies {
  kubernetesLogin: KubernetesLogin
}

export function registerLoginRoutes(server: HttpServer, { kubernetesLogin }: LoginRoutesDependencies): void {
  server.post(
    '/api/v1/auth/kubernetes-auth/login',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'loginWithKubernetesAuth',
        tags: ['Login'],
        summary: 'Log in from Kubernetes',
        description:
          'Exchanges a pod’s service-account token for an access token. The pod’s own cluster is asked about the ' +
          'token. Until it has vouched for the caller every refusal is the same 401; after that the kind of rule ' +
          'that refused is named. 503 and 504 mean that the cluster could not be asked: try again.',
        body: kubernetesLoginRequest,
        response: {
          200: accessTokenReply,
          401: errorEnvelope,
          422: errorEnvelope,
          429: errorEnvelope,
          503: errorEnvelope,
          504: errorEnvelope,
        },
      },
    },
    async (request, reply) => {
      const { identityId, jwt, organizationSlug } = request.body
      const issued = await kubernetesLogin({
        requestId: request.id,
        ipAddress: request.ip,
        identityId,
        jwt,
        // Clients send what they do not have as an empty text.
        organizationSlug: organizationSlug || undefined,
        signal: signalOfLeaving(reply),
      })
      return {
        accessToken: issued.accessToken,
        expiresIn: issued.expiresInSeconds,
        accessTokenMaxTTL: issued.maxTtlSeconds,
        tokenType: 'Bearer' as const,
      }
    },
  )
}
