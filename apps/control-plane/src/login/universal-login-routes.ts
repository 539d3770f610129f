import { accessTokenReply } from '@postern/api-contract/access-tokens'
import { refusals } from '@postern/api-contract/error-envelope'
import { universalLoginRequest } from '@postern/api-contract/universal-auth'
import type { HttpServer } from '../http/http-server.ts'
import type { UniversalLogin } from './universal-login.ts'

export function registerUniversalLoginRoutes(
  server: HttpServer,
  { universalLogin }: { universalLogin: UniversalLogin },
): void {
  server.post(
    '/api/v1/auth/universal-auth/login',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'loginWithUniversalAuth',
        tags: ['Login'],
        summary: 'Log in with a client secret',
        description:
          'Exchanges a client id and a client secret for an access token. Every refusal is the same 401, but for a ' +
          'living secret from an address where it is not trusted, which is 403.',
        body: universalLoginRequest,
        response: { 200: accessTokenReply, ...refusals(401, 403, 422, 429, 503) },
      },
    },
    async (request) => {
      const { clientId, clientSecret, organizationSlug } = request.body
      const issued = await universalLogin({
        requestId: request.id,
        ipAddress: request.ip,
        clientId,
        clientSecret,
        // Clients send what they do not have as an empty text.
        organizationSlug: organizationSlug || undefined,
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
