import { refusals } from '@postern/api-contract/error-envelope'
import { identityIdParams } from '@postern/api-contract/identities'
import {
  clearLockoutsReply,
  clientSecretParams,
  clientSecretReply,
  createClientSecretReply,
  createClientSecretRequest,
  listClientSecretsReply,
} from '@postern/api-contract/universal-auth'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import type { AdministerClientSecrets } from './administer-client-secrets.ts'
import type { UniversalAuthContext } from './configure-universal-auth.ts'
import { clientSecretDataOf } from './universal-auth-reply.ts'

export interface ClientSecretRoutesDependencies {
  authenticate: Authenticate
  clientSecrets: AdministerClientSecrets
}

const url = '/api/v1/auth/universal-auth/identities/:identityId'
const shared = { tags: ['Universal Auth'], security: [{ accessToken: [] }] }

const createSchema = {
  ...shared,
  operationId: 'createClientSecret',
  summary: 'Create a client secret',
  description: 'The secret is in this reply alone. Without a TTL it is good until somebody revokes it.',
  params: identityIdParams,
  body: createClientSecretRequest,
  response: { 200: createClientSecretReply, ...refusals(400, 401, 403, 404, 422) },
}

const listSchema = {
  ...shared,
  operationId: 'listClientSecrets',
  summary: 'The client secrets that are not revoked, oldest first',
  params: identityIdParams,
  response: { 200: listClientSecretsReply, ...refusals(401, 403, 404, 422) },
}

const readSchema = {
  ...shared,
  operationId: 'getClientSecret',
  summary: 'One client secret, revoked or not',
  params: clientSecretParams,
  response: { 200: clientSecretReply, ...refusals(401, 403, 404, 422) },
}

const revokeSchema = {
  ...shared,
  operationId: 'revokeClientSecret',
  summary: 'Revoke a client secret',
  description: 'Ends the secret and every access token that it led to. May be repeated.',
  params: clientSecretParams,
  response: { 200: clientSecretReply, ...refusals(401, 403, 404, 422) },
}

const clearLockoutsSchema = {
  ...shared,
  operationId: 'clearUniversalAuthLockouts',
  summary: 'Let locked-out addresses in again',
  params: identityIdParams,
  response: { 200: clearLockoutsReply, ...refusals(401, 403, 404, 422) },
}

export function registerClientSecretRoutes(
  server: HttpServer,
  { authenticate, clientSecrets }: ClientSecretRoutesDependencies,
): void {
  const contextOf = async (
    request: FastifyRequest<{ Params: { identityId: string } }>,
  ): Promise<UniversalAuthContext> => ({
    actor: await authenticate(request),
    requestId: request.id,
    ipAddress: request.ip,
    identityId: request.params.identityId,
  })

  server.post(`${url}/client-secrets`, { schema: createSchema }, async (request) => {
    const { clientSecret, data } = await clientSecrets.create(await contextOf(request), request.body)
    return { clientSecret, clientSecretData: clientSecretDataOf(data) }
  })
  server.get(`${url}/client-secrets`, { schema: listSchema }, async (request) => {
    const secrets = await clientSecrets.list(await contextOf(request))
    return { clientSecretData: secrets.map(clientSecretDataOf) }
  })
  server.get(`${url}/client-secrets/:clientSecretId`, { schema: readSchema }, async (request) => {
    const secret = await clientSecrets.read(await contextOf(request), request.params.clientSecretId)
    return { clientSecretData: clientSecretDataOf(secret) }
  })
  server.post(`${url}/client-secrets/:clientSecretId/revoke`, { schema: revokeSchema }, async (request) => {
    const secret = await clientSecrets.revoke(await contextOf(request), request.params.clientSecretId)
    return { clientSecretData: clientSecretDataOf(secret) }
  })
  server.post(`${url}/clear-lockouts`, { schema: clearLockoutsSchema }, async (request) => ({
    deleted: await clientSecrets.clearLockouts(await contextOf(request)),
  }))
}
