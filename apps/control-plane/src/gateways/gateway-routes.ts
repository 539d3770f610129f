import { errorEnvelope } from '@postern/api-contract/error-envelope'
import {
  createGatewayRequest,
  enrolGatewayRequest,
  enrolGatewayResponse,
  enrolmentTokenResponse,
  gateway,
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
import type { EnrolGateway } from './enrol-gateway.ts'
import { gatewayBody, gatewayV2Body } from './gateway-body.ts'
import type { GatewayStore } from './gateway-store.ts'
import type { LiveTunnels } from './live-tunnels.ts'

export interface GatewayRouteDependencies {
  authenticate: Authenticate
  administration: GatewayAdministration
  enrolGateway: EnrolGateway
  gateways: Pick<GatewayStore, 'list' | 'findGateway'>
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
  registerEnrolment(server, dependencies)
}

function registerReading(server: HttpServer, dependencies: GatewayRouteDependencies): void {
  const { authenticate, gateways, tunnels, now } = dependencies
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
      return list.map((entry) => gatewayBody(entry, tunnels.tunnelCount(entry.id), at))
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
      return gatewayBody(found, tunnels.tunnelCount(found.id), now())
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
  const { authenticate, administration, tunnels, now } = dependencies
  server.post(
    '/api/v3/gateways',
    {
      schema: {
        operationId: 'createGateway',
        tags,
        security,
        summary: 'Create a gateway',
        description: 'Makes the record only. Generate an enrolment token next, and start a gateway with it.',
        body: createGatewayRequest,
        response: { 200: gateway, ...refused },
      },
    },
    async (request) => {
      const by = await administrator(authenticate, request)
      return gatewayBody(await administration.create(by, request.body.name), 0, now())
    },
  )
  server.patch(
    byId,
    {
      schema: {
        operationId: 'renameGateway',
        tags,
        security,
        summary: 'Rename a gateway',
        description:
          'The name is for people: nothing that refers to the gateway changes, and its tunnels stay.',
        params: gatewayIdParams,
        body: updateGatewayRequest,
        response: { 200: gateway, ...refused },
      },
    },
    async (request) => {
      const by = await administrator(authenticate, request)
      const renamed = await administration.rename(by, request.params.gatewayId, request.body.name)
      return gatewayBody(renamed, tunnels.tunnelCount(renamed.id), now())
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
          'Closes its tunnels and removes its keys. Refused (400) while the Kubernetes Auth of an identity names it.',
        params: gatewayIdParams,
        response: { 200: gateway, ...refused },
      },
    },
    async (request) => {
      const by = await administrator(authenticate, request)
      return gatewayBody(await administration.delete(by, request.params.gatewayId), 0, now())
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
          '5 seconds. A new enrolment token lets the gateway back in.',
        params: gatewayIdParams,
        response: { 200: revokeGatewayResponse, ...refused },
      },
    },
    async (request) => {
      const by = await administrator(authenticate, request)
      await administration.revoke(by, request.params.gatewayId)
      return { method: 'token' as const }
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
          'is used, the gateway’s earlier keys are retired.',
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

function registerEnrolment(server: HttpServer, { enrolGateway }: GatewayRouteDependencies): void {
  server.post(
    '/api/v3/gateways/token-auth/enroll',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'enrolGateway',
        tags,
        summary: 'Enrol a gateway',
        description:
          'Called by the gateway: binds its own public key to its record. The same token with the same key may be sent ' +
          'again within the token’s hour, should a reply be lost. Every refusal of a token is the same 401; the audit ' +
          'log has the reason.',
        security: [],
        body: enrolGatewayRequest,
        response: {
          200: enrolGatewayResponse,
          400: errorEnvelope,
          401: errorEnvelope,
          422: errorEnvelope,
          429: errorEnvelope,
        },
      },
    },
    (request) => {
      const { token, publicKey } = request.body
      return enrolGateway({ token, publicKey, requestId: request.id, ipAddress: request.ip })
    },
  )
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
