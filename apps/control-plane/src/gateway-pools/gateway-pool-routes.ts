import { errorEnvelope } from '@postern/api-contract/error-envelope'
import {
  addPoolMemberRequest,
  createGatewayPoolRequest,
  gatewayPool,
  gatewayPoolDetail as gatewayPoolDetailResponse,
  gatewayPoolIdParams,
  gatewayPoolResources,
  listGatewayPoolsResponse,
  poolMemberParams,
  poolMembership,
  updateGatewayPoolRequest,
} from '@postern/api-contract/gateway-pools'
import type { FastifyRequest } from 'fastify'
import type { LiveTunnels } from '../gateways/live-tunnels.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { Actor, Authenticate } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import { type GatewayPoolAdministration, noSuchPool, type Origin } from './administer-gateway-pools.ts'
import {
  gatewayPoolBody,
  gatewayPoolDetail,
  gatewayPoolListEntry,
  poolMembershipBody,
} from './gateway-pool-body.ts'
import type { GatewayPoolStore } from './gateway-pool-store.ts'

export interface GatewayPoolRouteDependencies {
  authenticate: Authenticate
  administration: GatewayPoolAdministration
  pools: Pick<GatewayPoolStore, 'list' | 'find' | 'listAttached'>
  tunnels: Pick<LiveTunnels, 'healthOf' | 'clusterOf' | 'tunnelCount'>
  now: () => Date
}

const shared = { tags: ['Gateway pools'], security: [{ accessToken: [] }] }
const refused = {
  400: errorEnvelope,
  401: errorEnvelope,
  403: errorEnvelope,
  404: errorEnvelope,
  422: errorEnvelope,
}
const all = '/api/v1/gateway-pools'
const byId = `${all}/:gatewayPoolId`

export function registerGatewayPoolRoutes(
  server: HttpServer,
  dependencies: GatewayPoolRouteDependencies,
): void {
  registerReading(server, dependencies)
  registerChanges(server, dependencies)
  registerMemberships(server, dependencies)
}

function registerReading(server: HttpServer, dependencies: GatewayPoolRouteDependencies): void {
  const { authenticate, pools, tunnels, now } = dependencies
  server.get(
    all,
    {
      schema: {
        ...shared,
        operationId: 'listGatewayPools',
        summary: 'List the gateway pools',
        description:
          'Every pool of the organization, oldest first, and how many of its members are healthy now.',
        response: { 200: listGatewayPoolsResponse, ...refused },
      },
    },
    async (request) => {
      const { organizationId } = await reader(authenticate, request)
      return (await pools.list(organizationId)).map((pool) => gatewayPoolListEntry(pool, tunnels))
    },
  )
  server.get(
    byId,
    {
      schema: {
        ...shared,
        operationId: 'getGatewayPool',
        summary: 'Read a gateway pool',
        description:
          'One pool with its members: which are healthy, degraded (and why) or disconnected, as the replica that answers ' +
          'sees them now, and which cluster they stand in.',
        params: gatewayPoolIdParams,
        response: { 200: gatewayPoolDetailResponse, ...refused },
      },
    },
    async (request) => {
      const { organizationId } = await reader(authenticate, request)
      const pool = await pools.find(request.params.gatewayPoolId, organizationId)
      if (pool === undefined) throw noSuchPool()
      return gatewayPoolDetail(pool, tunnels, now())
    },
  )
  server.get(
    `${byId}/resources`,
    {
      schema: {
        ...shared,
        operationId: 'listGatewayPoolResources',
        summary: 'List what uses a gateway pool',
        description: 'The Kubernetes Auths that name the pool, and keep it from being deleted.',
        params: gatewayPoolIdParams,
        response: { 200: gatewayPoolResources, ...refused },
      },
    },
    async (request) => {
      const { organizationId } = await reader(authenticate, request)
      const pool = await pools.find(request.params.gatewayPoolId, organizationId)
      if (pool === undefined) throw noSuchPool()
      const kubernetesAuths = await pools.listAttached(pool.id)
      return { kubernetesAuths, pkiDiscoveryConfigs: [], appConnections: [], dynamicSecrets: [] }
    },
  )
}

function registerChanges(
  server: HttpServer,
  { authenticate, administration }: GatewayPoolRouteDependencies,
): void {
  server.post(
    all,
    {
      schema: {
        ...shared,
        operationId: 'createGatewayPool',
        summary: 'Create a gateway pool',
        description: 'An empty pool. Add gateways of one cluster to it, then name it in a Kubernetes Auth.',
        body: createGatewayPoolRequest,
        response: { 200: gatewayPool, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      return gatewayPoolBody(await administration.create(origin, request.body.name))
    },
  )
  server.patch(
    byId,
    {
      schema: {
        ...shared,
        operationId: 'renameGatewayPool',
        summary: 'Rename a gateway pool',
        description: 'The name is for people: nothing that refers to the pool changes.',
        params: gatewayPoolIdParams,
        body: updateGatewayPoolRequest,
        response: { 200: gatewayPool, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      const { gatewayPoolId } = request.params
      return gatewayPoolBody(await administration.rename(origin, gatewayPoolId, request.body.name))
    },
  )
  server.delete(
    byId,
    {
      schema: {
        ...shared,
        operationId: 'deleteGatewayPool',
        summary: 'Delete a gateway pool',
        description:
          'Its gateways stay. Refused (400) while the Kubernetes Auth of an identity names the pool, even one that is ' +
          'attached at the same moment.',
        params: gatewayPoolIdParams,
        response: { 200: gatewayPool, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      return gatewayPoolBody(await administration.delete(origin, request.params.gatewayPoolId))
    },
  )
}

function registerMemberships(
  server: HttpServer,
  { authenticate, administration }: GatewayPoolRouteDependencies,
): void {
  server.post(
    `${byId}/memberships`,
    {
      schema: {
        ...shared,
        operationId: 'addGatewayToPool',
        summary: 'Add a gateway to a pool',
        description:
          'A pool is of one cluster, that of its first member to report one: a gateway that stands in another is ' +
          'refused (400), with a reason that names both. One that is not connected may be added, and is asked for no ' +
          'review until it was found in the pool’s cluster.',
        params: gatewayPoolIdParams,
        body: addPoolMemberRequest,
        response: { 200: poolMembership, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      const { gatewayPoolId } = request.params
      return poolMembershipBody(await administration.addMember(origin, gatewayPoolId, request.body.gatewayId))
    },
  )
  server.delete(
    `${byId}/memberships/:gatewayId`,
    {
      schema: {
        ...shared,
        operationId: 'removeGatewayFromPool',
        summary: 'Remove a gateway from a pool',
        description:
          'The gateway stays, and finishes the reviews that it has. A pool whose last member was removed forgets its ' +
          'cluster.',
        params: poolMemberParams,
        response: { 200: poolMembership, ...refused },
      },
    },
    async (request) => {
      const origin = await originOf(authenticate, request)
      const { gatewayPoolId, gatewayId } = request.params
      return poolMembershipBody(await administration.removeMember(origin, gatewayPoolId, gatewayId))
    },
  )
}

async function reader(authenticate: Authenticate, request: FastifyRequest): Promise<Actor> {
  const actor = await authenticate(request)
  requirePermission(actor, 'read', 'gateway-pools')
  return actor
}

async function originOf(authenticate: Authenticate, request: FastifyRequest): Promise<Origin> {
  return { actor: await authenticate(request), requestId: request.id, ipAddress: request.ip }
}
