import { errorEnvelope } from '@postern/api-contract/error-envelope'
import {
  createGatewayRequest,
  enrolmentTokenResponse,
  gateway,
  type GatewayBody,
  gatewayIdParams,
  listGatewaysResponse,
  listGatewaysV2Response,
  revokeGatewayResponse,
  updateGatewayRequest,
} from '@postern/api-contract/gateways'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { Actor, Authenticate } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import { type Administrator, type GatewayAdministration, noSuchGateway } from './administer-gateways.ts'
import { authMethodBody } from './gateway-auth-method.ts'
import { gatewayBody, gatewayV2Body } from './gateway-body.ts'
import type { GatewayKubernetesAuthStore } from './gateway-kubernetes-auth-store.ts'
import type { Gateway, GatewayStore } from './gateway-store.ts'
import type { LiveTunnels } from './live-tunnels.ts'
import type { PodJudge } from './pod-judge.ts'

export interface GatewayRouteDependencies {
  authenticate: Authenticate
  administration: GatewayAdministration
  gateways: Pick<GatewayStore, 'list' | 'findGateway'>
  gatewayAuths: Pick<GatewayKubernetesAuthStore, 'find' | 'listOf'>
  warningsOf: PodJudge['warningsOf']
  tunnels: Pick<LiveTunnels, 'tunnelCount'>
  now: () => Date
}

const tags = ['Gateways']
const security = [{ accessToken: [] }]
const refused = {
  400: errorEnvelope,
  401: errorEnvelope,
  403: errorEnvelope,
  404: errorEnvelope,
  422: errorEnvelope,
}
const byId = '/api/v3/gateways/:gatewayId'

export function registerGatewayRoutes(server: HttpServer, dependencies: GatewayRouteDependencies): void {
  registerReading(server, dependencies)
  registerChanges(server, dependencies)
  registerCredentials(server, dependencies)
}

function registerReading(server: HttpServer, dependencies: GatewayRouteDependencies): void {
  const { authenticate, gateways, gatewayAuths, warningsOf, tunnels, now } = dependencies
  server.get(
    '/api/v3/gateways',
    {
      schema: {
        operationId: 'listGateways',
        tags,
        security,
        summary: 'List the gateways',
        description: 'Every gateway of the organization, oldest first.',
        response: { 200: listGatewaysResponse, ...refused },
      },
    },
    async (request) => {
      const { organizationId } = await reader(authenticate, request)
      const at = now()
      const list = await gateways.list(organizationId)
      const auths = new Map((await gatewayAuths.listOf(organizationId)).map((auth) => [auth.gatewayId, auth]))
      return list.map((entry) =>
        gatewayBody(
          entry,
          authMethodBody(auths.get(entry.id), warningsOf),
          tunnels.tunnelCount(entry.id),
          at,
        ),
      )
    },
  )
  server.get(
    byId,
    {
      schema: {
        operationId: 'getGateway',
        tags,
        security,
        summary: 'Read a gateway',
        description: 'One gateway, and how many tunnels it keeps open now.',
        params: gatewayIdParams,
        response: { 200: gateway, ...refused },
      },
    },
    async (request) => {
      const { organizationId } = await reader(authenticate, request)
      const found = await gateways.findGateway(request.params.gatewayId, organizationId)
      if (found === undefined) throw noSuchGateway()
      return shown(dependencies, found)
    },
  )
  server.get(
    '/api/v2/gateways',
    {
      schema: {
        operationId: 'listGatewaysV2',
        tags,
        security,
        summary: 'List the gateways (older shape)',
        description: 'Every gateway of the organization in the shape that older clients read.',
        response: { 200: listGatewaysV2Response, ...refused },
      },
    },
    async (request) => {
      const { organizationId } = await reader(authenticate, request)
      const at = now()
      const list = await gateways.list(organizationId)
      return list.map((entry) => gatewayV2Body(entry, tunnels.tunnelCount(entry.id), at))
    },
  )
}

function registerChanges(server: HttpServer, dependencies: GatewayRouteDependencies): void {
  const { authenticate, administration } = dependencies
  server.post(
    '/api/v3/gateways',
    {
      schema: {
        operationId: 'createGateway',
        tags,
        security,
        summary: 'Create a gateway',
        description:
          'Makes the record. With the method `token`, generate an enrolment token next and start a gateway with it. With ' +
          'the method `kubernetes`, its pods enrol with their own tokens: another reviewer vouches for them, and ' +
          'allowedNamespaces and allowedNames say which service accounts are this gateway. The reviewer is asked now ' +
          'whether it may review.',
        body: createGatewayRequest,
        response: { 200: gateway, ...refused },
      },
    },
    async (request) => {
      const by = await administrator(authenticate, request)
      return shown(dependencies, await administration.create(by, request.body))
    },
  )
  server.patch(
    byId,
    {
      schema: {
        operationId: 'updateGateway',
        tags,
        security,
        summary: 'Change a gateway',
        description:
          'The name is for people: nothing that refers to the gateway changes, and its tunnels stay. An authMethod ' +
          'replaces the earlier one as a whole and lets a revoked gateway back in; where it lets in other pods than ' +
          'before, or by another’s word, the gateway’s keys are retired, and its processes enrol anew.',
        params: gatewayIdParams,
        body: updateGatewayRequest,
        response: { 200: gateway, ...refused },
      },
    },
    async (request) => {
      const by = await administrator(authenticate, request)
      return shown(dependencies, await administration.update(by, request.params.gatewayId, request.body))
    },
  )
  server.delete(
    byId,
    {
      schema: {
        operationId: 'deleteGateway',
        tags,
        security,
        summary: 'Delete a gateway',
        description:
          'Closes its tunnels and removes its keys. Refused (400) while the Kubernetes Auth of an identity names it, or ' +
          'another gateway’s pods are vouched for by it.',
        params: gatewayIdParams,
        response: { 200: gateway, ...refused },
      },
    },
    async (request) => {
      const by = await administrator(authenticate, request)
      const { gateway: deleted, auth } = await administration.delete(by, request.params.gatewayId)
      return gatewayBody(deleted, authMethodBody(auth, dependencies.warningsOf), 0, dependencies.now())
    },
  )
}

function registerCredentials(
  server: HttpServer,
  { authenticate, administration }: GatewayRouteDependencies,
): void {
  server.post(
    `${byId}/revoke`,
    {
      schema: {
        operationId: 'revokeGateway',
        tags,
        security,
        summary: 'Revoke a gateway’s credentials',
        description:
          'Retires its keys and unused enrolment tokens, and closes its tunnels: here at once, on every replica within ' +
          '5 seconds. A new enrolment token lets the gateway back in; a gateway whose pods enrol with their own tokens ' +
          'is kept out until its authMethod is set again.',
        params: gatewayIdParams,
        response: { 200: revokeGatewayResponse, ...refused },
      },
    },
    async (request) => {
      const by = await administrator(authenticate, request)
      const { authMethod } = await administration.revoke(by, request.params.gatewayId)
      return { method: authMethod }
    },
  )
  server.post(
    `${byId}/token-auth/generate-enrollment-token`,
    {
      schema: {
        operationId: 'generateGatewayEnrolmentToken',
        tags,
        security,
        summary: 'Generate an enrolment token',
        description:
          'A token that binds a key to this gateway, once, within an hour. Earlier unused ones stop working. When it ' +
          'is used, the gateway’s earlier keys are retired. Refused (400) for gateways whose pods enrol with their own ' +
          'tokens.',
        params: gatewayIdParams,
        response: { 200: enrolmentTokenResponse, ...refused },
      },
    },
    async (request) => {
      const by = await administrator(authenticate, request)
      const { token, expiresAt } = await administration.generateEnrolmentToken(by, request.params.gatewayId)
      return { token, expiresAt: expiresAt.toISOString() }
    },
  )
}

async function shown(
  { gatewayAuths, warningsOf, tunnels, now }: GatewayRouteDependencies,
  gateway: Gateway,
): Promise<GatewayBody> {
  const auth = await gatewayAuths.find(gateway.id)
  return gatewayBody(gateway, authMethodBody(auth, warningsOf), tunnels.tunnelCount(gateway.id), now())
}

async function reader(authenticate: Authenticate, request: FastifyRequest): Promise<Actor> {
  const actor = await authenticate(request)
  requirePermission(actor, 'read', 'gateways')
  return actor
}

async function administrator(authenticate: Authenticate, request: FastifyRequest): Promise<Administrator> {
  const actor = await authenticate(request)
  return { actor, requestId: request.id, ipAddress: request.ip }
}
