import {
  type IntrospectionReply,
  introspectionReply,
  introspectionRequest,
} from '@postern/api-contract/access-tokens'
import { refusals } from '@postern/api-contract/error-envelope'
import { invalidField } from '../http/validation-failure.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type { ActiveAccessToken, IntrospectAccessToken } from './introspect-access-token.ts'

export interface IntrospectionRoutesDependencies {
  authenticate: Authenticate
  introspectToken: IntrospectAccessToken
}

const formType = 'application/x-www-form-urlencoded'
const bodyBytesMax = 16 * 1024

/** RFC 7662. Only here are bodies of forms taken, so that no page elsewhere can post one to any other route. */
export function registerIntrospectionRoutes(
  server: HttpServer,
  dependencies: IntrospectionRoutesDependencies,
): void {
  void server.register((scope: HttpServer, _options, done) => {
    scope.addContentTypeParser(formType, { parseAs: 'string' }, async (_request: unknown, text: string) =>
      readForm(text),
    )
    registerRoute(scope, dependencies)
    done()
  })
}

function registerRoute(
  server: HttpServer,
  { authenticate, introspectToken }: IntrospectionRoutesDependencies,
): void {
  server.post(
    '/api/v1/auth/token/introspect',
    {
      bodyLimit: bodyBytesMax,
      schema: {
        operationId: 'introspectAccessToken',
        tags: ['Access tokens'],
        security: [{ accessToken: [] }],
        consumes: [formType, 'application/json'],
        summary: 'Whether an access token lives',
        description:
          'RFC 7662, for services that cannot verify tokens themselves. Spends no use of the token asked about. Whatever ' +
          'is not a living token of the caller’s organization is `{"active":false}` and nothing else.',
        body: introspectionRequest,
        response: { 200: introspectionReply, ...refusals(401, 403, 422, 503) },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      // A machine that holds a token of the organization may ask about others of it; people need the right.
      if (actor.kind === 'user') requirePermission(actor, 'read', 'identities')
      const found = await introspectToken(request.body.token, actor.organizationId)
      return found === undefined ? { active: false as const } : replyOf(found)
    },
  )
}

/** RFC 6749 appendix B; a parameter must not appear twice. */
function readForm(text: string): Record<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) throw invalidField(name, 'may appear once')
    fields.set(name, value)
  }
  return Object.fromEntries(fields)
}

function replyOf({ claims, usesLeft }: ActiveAccessToken): IntrospectionReply {
  return {
    active: true,
    token_type: 'Bearer',
    iss: claims.iss,
    sub: claims.sub,
    jti: claims.jti,
    iat: claims.iat,
    exp: claims.exp,
    username: claims.identityName,
    identityId: claims.identityId,
    identityName: claims.identityName,
    authMethod: claims.authMethod,
    orgId: claims.orgId,
    clientSecretId: claims.clientSecretId,
    accessTokenTTL: claims.accessTokenTTL,
    accessTokenMaxTTL: claims.accessTokenMaxTTL,
    accessTokenPeriod: claims.accessTokenPeriod,
    usesLeft,
    ...(claims.identityAuth === undefined ? {} : { identityAuth: claims.identityAuth }),
  }
}
