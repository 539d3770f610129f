import { accessTokenRevokedReply, revokeIdentityTokensRequest } from '@postern/api-contract/access-tokens'
import { refusals } from '@postern/api-contract/error-envelope'
import { identityIdParams } from '@postern/api-contract/identities'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import type { RevokeIdentityTokens } from './revoke-identity-tokens.ts'

export interface IdentityTokenRoutesDependencies {
  authenticate: Authenticate
  revokeIdentityTokens: RevokeIdentityTokens
}

export function registerIdentityTokenRoutes(
  server: HttpServer,
  { authenticate, revokeIdentityTokens }: IdentityTokenRoutesDependencies,
): void {
  server.post(
    '/api/v1/identities/:identityId/revoke-tokens',
    {
      schema: {
        operationId: 'revokeIdentityTokens',
        tags: ['Access tokens'],
        security: [{ accessToken: [] }],
        summary: 'Revoke all access tokens of an identity',
        description:
          'Ends every token that exists now, everywhere within a second, or only those that one auth method led to. The ' +
          'identity may log in again at once: disable it, or remove its auth method, to keep it out.',
        params: identityIdParams,
        body: revokeIdentityTokensRequest,
        response: { 200: accessTokenRevokedReply, ...refusals(401, 403, 404, 422) },
      },
    },
    async (request) => {
      await revokeIdentityTokens({
        actor: await authenticate(request),
        requestId: request.id,
        ipAddress: request.ip,
        identityId: request.params.identityId,
        authMethod: request.body.authMethod,
      })
      return { message: 'The access tokens are revoked' }
    },
  )
}
