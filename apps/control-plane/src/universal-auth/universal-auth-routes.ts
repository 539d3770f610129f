import { refusals } from '@postern/api-contract/error-envelope'
import { identityIdParams } from '@postern/api-contract/identities'
import {
  attachUniversalAuthRequest,
  universalAuthReply,
  updateUniversalAuthRequest,
} from '@postern/api-contract/universal-auth'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import type { ConfigureUniversalAuth, UniversalAuthContext } from './configure-universal-auth.ts'
import { universalAuthReplyOf } from './universal-auth-reply.ts'

export interface UniversalAuthRoutesDependencies {
  authenticate: Authenticate
  configure: ConfigureUniversalAuth
}

const url = '/api/v1/auth/universal-auth/identities/:identityId'

const shared = {
  tags: ['Universal Auth'],
  security: [{ accessToken: [] }],
  params: identityIdParams,
  response: { 200: universalAuthReply, ...refusals(400, 401, 403, 404, 422) },
}

const attachSchema = {
  ...shared,
  operationId: 'attachUniversalAuth',
  summary: 'Attach Universal Auth',
  description: 'Gives the identity a client id. To log in it also needs a client secret.',
  body: attachUniversalAuthRequest,
}

const updateSchema = {
  ...shared,
  operationId: 'updateUniversalAuth',
  summary: 'Change Universal Auth',
  description:
    'What is absent stays as it is. Trusted addresses hold for tokens that exist already; TTLs do not.',
  body: updateUniversalAuthRequest,
}

const readSchema = { ...shared, operationId: 'getUniversalAuth', summary: 'Read Universal Auth' }

const detachSchema = {
  ...shared,
  operationId: 'detachUniversalAuth',
  summary: 'Remove Universal Auth',
  description:
    'Removes the client id with its secrets, ends all access tokens that they led to, and returns what it was.',
}

export function registerUniversalAuthRoutes(
  server: HttpServer,
  { authenticate, configure }: UniversalAuthRoutesDependencies,
): void {
  const contextOf = async (
    request: FastifyRequest<{ Params: { identityId: string } }>,
  ): Promise<UniversalAuthContext> => ({
    actor: await authenticate(request),
    requestId: request.id,
    ipAddress: request.ip,
    identityId: request.params.identityId,
  })

  server.post(url, { schema: attachSchema }, async (request) =>
    universalAuthReplyOf(await configure.attach(await contextOf(request), request.body)),
  )
  server.patch(url, { schema: updateSchema }, async (request) =>
    universalAuthReplyOf(await configure.update(await contextOf(request), request.body)),
  )
  server.get(url, { schema: readSchema }, async (request) =>
    universalAuthReplyOf(await configure.read(await contextOf(request))),
  )
  server.delete(url, { schema: detachSchema }, async (request) =>
    universalAuthReplyOf(await configure.detach(await contextOf(request))),
  )
}
