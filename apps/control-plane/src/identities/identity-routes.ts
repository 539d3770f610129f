import { errorEnvelope } from '@postern/api-contract/error-envelope'
import {
  createIdentityRequest,
  identityDetailsResponse,
  identityIdParams,
  identityMembershipResponse,
  identityResponse,
  listIdentitiesQuery,
  listIdentitiesResponse,
  updateIdentityRequest,
} from '@postern/api-contract/identities'
import type { FastifyRequest } from 'fastify'
import { ApiError } from '../http/api-error.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import { type ChangeIdentities, type Origin, identityUnknown } from './change-identities.ts'
import type { Identity, IdentityStore } from './identity-store.ts'

export interface IdentityRoutesDependencies {
  authenticate: Authenticate
  store: Pick<IdentityStore, 'find' | 'list'>
  changeIdentities: ChangeIdentities
  findOrganization: (
    organizationId: string,
  ) => Promise<{ id: string; name: string; slug: string } | undefined>
}

const tags = ['Identities']
const security = [{ accessToken: [] }]
const refusals = { 401: errorEnvelope, 403: errorEnvelope, 404: errorEnvelope, 422: errorEnvelope }

export function registerIdentityRoutes(server: HttpServer, dependencies: IdentityRoutesDependencies): void {
  registerReads(server, dependencies)
  registerChanges(server, dependencies)
}

function registerReads(
  server: HttpServer,
  { authenticate, store, findOrganization }: IdentityRoutesDependencies,
): void {
  server.get(
    '/api/v1/identities/details',
    {
      schema: {
        operationId: 'getIdentityDetails',
        tags,
        security,
        summary: 'The organization of the calling identity',
        description:
          'Needs no role: it tells a token what it belongs to, and clients use it to see whether a token lives.',
        response: { 200: identityDetailsResponse, 401: errorEnvelope },
      },
    },
    async (request) => {
      const { organizationId } = await authenticate(request)
      const organization = await findOrganization(organizationId)
      if (organization === undefined)
        throw new ApiError('Unauthorized', 'The token’s organization no longer exists')
      const { id, name, slug } = organization
      return { identityDetails: { organization: { id, name, slug } } }
    },
  )

  server.get(
    '/api/v1/identities',
    {
      schema: {
        operationId: 'listIdentities',
        tags,
        security,
        summary: 'The identities of an organization, oldest first',
        querystring: listIdentitiesQuery,
        response: { 200: listIdentitiesResponse, ...refusals },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      requirePermission(actor, 'read', 'identities')
      const { orgId, ...page } = request.query
      if (orgId !== actor.organizationId)
        throw new ApiError('NotFound', 'There is no such organization among yours')
      const { identities, totalCount } = await store.list(orgId, page)
      return { identities: identities.map(membershipOf), totalCount }
    },
  )

  server.get(
    '/api/v1/identities/:identityId',
    {
      schema: {
        operationId: 'getIdentity',
        tags,
        security,
        summary: 'One identity, nested in its membership of the organization',
        params: identityIdParams,
        response: { 200: identityMembershipResponse, ...refusals },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      requirePermission(actor, 'read', 'identities')
      const identity = await store.find(request.params.identityId, actor.organizationId)
      if (identity === undefined) throw identityUnknown()
      return { identity: membershipOf(identity) }
    },
  )
}

function registerChanges(
  server: HttpServer,
  { authenticate, changeIdentities }: IdentityRoutesDependencies,
): void {
  const originOf = async (request: FastifyRequest): Promise<Origin> => ({
    actor: await authenticate(request),
    requestId: request.id,
    ipAddress: request.ip,
  })

  server.post(
    '/api/v1/identities',
    {
      schema: {
        operationId: 'createIdentity',
        tags,
        security,
        summary: 'Create an identity',
        description:
          'It can do nothing until it is given a role, and cannot log in until an auth method is attached.',
        body: createIdentityRequest,
        response: { 200: identityResponse, ...refusals },
      },
    },
    async (request) => {
      const { metadata = [], ...body } = request.body
      return {
        identity: recordOf(await changeIdentities.create(await originOf(request), { ...body, metadata })),
      }
    },
  )

  server.patch(
    '/api/v1/identities/:identityId',
    {
      schema: {
        operationId: 'updateIdentity',
        tags,
        security,
        summary: 'Change an identity; what is left out stays',
        params: identityIdParams,
        body: updateIdentityRequest,
        response: { 200: identityResponse, 400: errorEnvelope, ...refusals },
      },
    },
    async (request) => {
      const { identityId } = request.params
      return {
        identity: recordOf(await changeIdentities.update(await originOf(request), identityId, request.body)),
      }
    },
  )

  server.delete(
    '/api/v1/identities/:identityId',
    {
      schema: {
        operationId: 'deleteIdentity',
        tags,
        security,
        summary: 'Delete an identity; its tokens are dead at once',
        params: identityIdParams,
        response: { 200: identityResponse, 400: errorEnvelope, ...refusals },
      },
    },
    async (request) => {
      const { identityId } = request.params
      return { identity: recordOf(await changeIdentities.remove(await originOf(request), identityId)) }
    },
  )
}

function recordOf(identity: Identity) {
  const { id, name, role, isDisabled, hasDeleteProtection, authMethods, metadata } = identity
  return {
    id,
    name,
    orgId: identity.organizationId,
    projectId: identity.projectId,
    role,
    isDisabled,
    hasDeleteProtection,
    authMethods,
    createdAt: identity.createdAt.toISOString(),
    updatedAt: identity.updatedAt.toISOString(),
    metadata,
  }
}

/** Nobody belongs to two organizations, so a membership has its identity's id. */
function membershipOf(identity: Identity) {
  const {
    id,
    name,
    role,
    isDisabled,
    hasDeleteProtection,
    authMethods,
    metadata,
    organizationId: orgId,
  } = identity
  return {
    id,
    role,
    roleId: null,
    orgId,
    identityId: id,
    createdAt: identity.createdAt.toISOString(),
    updatedAt: identity.updatedAt.toISOString(),
    lastLoginAuthMethod: identity.lastLoginAuthMethod,
    lastLoginTime: identity.lastLoginAt?.toISOString() ?? null,
    metadata,
    identity: {
      id,
      name,
      orgId,
      projectId: identity.projectId,
      isDisabled,
      hasDeleteProtection,
      authMethods,
    },
  }
}
