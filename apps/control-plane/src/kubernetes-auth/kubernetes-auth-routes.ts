import { refusals } from '@postern/api-contract/error-envelope'
import { identityIdParams } from '@postern/api-contract/identities'
import {
  attachKubernetesAuthRequest,
  kubernetesAuthReply,
  updateKubernetesAuthRequest,
} from '@postern/api-contract/kubernetes-auth'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import type { ConfigureContext, ConfigureKubernetesAuth } from './configure-kubernetes-auth.ts'
import { kubernetesAuthReplyOf } from './kubernetes-auth-reply.ts'

export interface KubernetesAuthRoutesDependencies {
  authenticate: Authenticate
  configure: ConfigureKubernetesAuth
}

const url = '/api/v1/auth/kubernetes-auth/identities/:identityId'

const shared = {
  tags: ['Kubernetes Auth'],
  params: identityIdParams,
  response: { 200: kubernetesAuthReply, ...refusals(400, 401, 403, 404, 422) },
}

const attachSchema = {
  ...shared,
  operationId: 'attachKubernetesAuth',
  summary: 'Attach Kubernetes Auth',
  description:
    'Lets workloads of a cluster log in to the identity. The reviewer is tried before it is saved: an API ' +
    'server must answer, a stored reviewer JWT or a gateway must have the right to review tokens. Of a pool every ' +
    'member is tried, sixteen at once and for at most 10 seconds in all: one that is connected and cannot review, or ' +
    'stands in another cluster, refuses the change (400); those that are not connected, or whose turn did not come, are ' +
    'passed over as long as another one can review, and named in `warnings` of the reply and in `details.passedOver` of ' +
    'the audit event. `details.members` of the refusal names each, with its outcome and what to do.',
  body: attachKubernetesAuthRequest,
}

const updateSchema = {
  ...shared,
  operationId: 'updateKubernetesAuth',
  summary: 'Change Kubernetes Auth',
  description: 'What is absent stays as it is. The reviewer is tried again before the change is saved.',
  body: updateKubernetesAuthRequest,
}

const readSchema = {
  ...shared,
  operationId: 'getKubernetesAuth',
  summary: 'Read Kubernetes Auth',
  description: 'The reviewer JWT is shown to those alone who may edit the identity’s authentication.',
}

const detachSchema = {
  ...shared,
  operationId: 'detachKubernetesAuth',
  summary: 'Remove Kubernetes Auth',
  description: 'Ends all access tokens that were issued by it, and returns what it was.',
}

export function registerKubernetesAuthRoutes(
  server: HttpServer,
  { authenticate, configure }: KubernetesAuthRoutesDependencies,
): void {
  const contextOf = async (
    request: FastifyRequest<{ Params: { identityId: string } }>,
  ): Promise<ConfigureContext> => ({
    actor: await authenticate(request),
    requestId: request.id,
    ipAddress: request.ip,
    identityId: request.params.identityId,
  })
  server.post(url, { schema: attachSchema }, async (request) => {
    const { auth, passedOver } = await configure.attach(await contextOf(request), request.body)
    return kubernetesAuthReplyOf(auth, true, passedOver)
  })
  server.patch(url, { schema: updateSchema }, async (request) => {
    const { auth, passedOver } = await configure.update(await contextOf(request), request.body)
    return kubernetesAuthReplyOf(auth, true, passedOver)
  })
  server.get(url, { schema: readSchema }, async (request) => {
    const { auth, maySeeSecrets } = await configure.read(await contextOf(request))
    return kubernetesAuthReplyOf(auth, maySeeSecrets)
  })
  server.delete(url, { schema: detachSchema }, async (request) => {
    const auth = await configure.detach(await contextOf(request))
    return kubernetesAuthReplyOf(auth, true)
  })
}
