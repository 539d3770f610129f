import { errorEnvelope, refusals as refusalsOf } from '@postern/api-contract/error-envelope'
import {
  createIdentityRequest,
  identityDetailsResponse,
  identityIdParams,
  identityMembershipResponse,
  identityResponse,
  listIdentitiesQuery,
  listIdentitiesResponse,
  searchIdentitiesRequest,
  updateIdentityRequest,
} from '@postern/api-contract/identities'
import {
  type identityMembershipOfProject,
  projectMembershipsOfIdentityResponse,
} from '@postern/api-contract/project-members'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { ApiError } from '../http/api-error.ts'
import type { HttpServer } from '../http/http-server.ts'
import type { Actor, Authenticate } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import { type ChangeIdentities, type Origin, identityUnknown } from './change-identities.ts'
import { identityBody, membershipBody, searchOf } from './identity-body.ts'
import type { Identity, IdentityStore } from './identity-store.ts'

export interface IdentityRoutesDependencies {
  authenticate: Authenticate
  store: Pick<IdentityStore, 'find' | 'list' | 'search'>
  changeIdentities: ChangeIdentities
  /** Of the identity, as far as the actor may see them. */
  listProjectMemberships: (
    actor: Actor,
    identity: Identity,
  ) => Promise<readonly z.input<typeof identityMembershipOfProject>[]>
  findOrganization: (
    organizationId: string,
  ) => Promise<{ id: string; name: string; slug: string } | undefined>
}

const tags = ['Identities']
const refusals = refusalsOf(401, 403, 404, 422)

export function registerIdentityRoutes(server: HttpServer, dependencies: IdentityRoutesDependencies): void {
  registerReads(server, dependencies)
  registerSearch(server, dependencies)
  registerProjectMemberships(server, dependencies)
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
      return { identities: identities.map(membershipBody), totalCount }
    },
  )

  server.get(
    '/api/v1/identities/:identityId',
    {
      schema: {
        operationId: 'getIdentity',
        tags,
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
      return { identity: membershipBody(identity) }
    },
  )
}

function registerSearch(server: HttpServer, { authenticate, store }: IdentityRoutesDependencies): void {
  server.post(
    '/api/v1/identities/search',
    {
      schema: {
        operationId: 'searchIdentities',
        tags,
        summary: 'The identities of the caller’s organization that fit a search',
        body: searchIdentitiesRequest,
        response: { 200: listIdentitiesResponse, ...refusalsOf(401, 403, 422) },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      requirePermission(actor, 'read', 'identities')
      const { identities, totalCount } = await store.search(actor.organizationId, searchOf(request.body))
      return { identities: identities.map(membershipBody), totalCount }
    },
  )
}

function registerProjectMemberships(
  server: HttpServer,
  { authenticate, store, listProjectMemberships }: IdentityRoutesDependencies,
): void {
  server.get(
    '/api/v1/identities/:identityId/identity-memberships',
    {
      schema: {
        operationId: 'listProjectMembershipsOfIdentity',
        tags,
        summary: 'The projects that an identity is in, with its roles there',
        description: 'Those alone whose identities the caller may read too.',
        params: identityIdParams,
        response: { 200: projectMembershipsOfIdentityResponse, ...refusalsOf(401, 403, 404) },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      requirePermission(actor, 'read', 'identities')
      const identity = await store.find(request.params.identityId, actor.organizationId)
      if (identity === undefined) throw identityUnknown()
      return { identityMemberships: [...(await listProjectMemberships(actor, identity))] }
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
        summary: 'Create an identity',
        description:
          'It can do nothing until it is given a role, and cannot log in until an auth method is attached.',
        body: createIdentityRequest,
        response: { 200: identityResponse, ...refusals },
      },
    },
    async (request) => {
      const { metadata, ...body } = request.body
      return {
        identity: identityBody(
          await changeIdentities.create(await originOf(request), { ...body, metadata: metadata ?? [] }),
        ),
      }
    },
  )

  server.patch(
    '/api/v1/identities/:identityId',
    {
      schema: {
        operationId: 'updateIdentity',
        tags,
        summary: 'Change an identity; what is left out stays',
        params: identityIdParams,
        body: updateIdentityRequest,
        response: { 200: identityResponse, 400: errorEnvelope, ...refusals },
      },
    },
    async (request) => {
      const { identityId } = request.params
      const { metadata, ...change } = request.body
      return {
        identity: identityBody(
          await changeIdentities.update(await originOf(request), identityId, {
            ...change,
            ...(metadata && { metadata }),
          }),
        ),
      }
    },
  )

  server.delete(
    '/api/v1/identities/:identityId',
    {
      schema: {
        operationId: 'deleteIdentity',
        tags,
        summary: 'Delete an identity; its tokens are dead at once',
        params: identityIdParams,
        response: { 200: identityResponse, 400: errorEnvelope, ...refusals },
      },
    },
    async (request) => {
      const { identityId } = request.params
      return { identity: identityBody(await changeIdentities.remove(await originOf(request), identityId)) }
    },
  )
}
