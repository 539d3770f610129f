import { refusals } from '@postern/api-contract/error-envelope'
import {
  listOrganizationsResponse,
  listSubOrganizationsQuery,
  listSubOrganizationsResponse,
  type OrganizationBody,
  organizationIdParams,
  organizationResponse,
  organizationsWithSubOrganizationsResponse,
  updateOrganizationRequest,
} from '@postern/api-contract/organizations'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { type ChangeOrganization, organizationUnknown } from './change-organization.ts'
import { enterOrganization } from './enter-organization.ts'
import type { OrganizationDetails } from './organization-store.ts'
import type { OwnOrganizations } from './own-organizations.ts'

export interface OrganizationRoutesDependencies {
  authenticate: Authenticate
  ownOrganizations: OwnOrganizations
  changeOrganization: ChangeOrganization
}

const tags = ['Organizations']
const security = [{ accessToken: [] }, { session: [] }, { sessionCookie: [] }]

export function registerOrganizationRoutes(
  server: HttpServer,
  dependencies: OrganizationRoutesDependencies,
): void {
  registerReads(server, dependencies)
  registerChange(server, dependencies)
  registerSubOrganizations(server, dependencies)
}

function registerReads(server: HttpServer, { ownOrganizations }: OrganizationRoutesDependencies): void {
  server.get(
    '/api/v1/organization',
    {
      schema: {
        operationId: 'listOrganizations',
        tags,
        security,
        summary: 'One’s own organizations',
        description: 'Of a person all, whether or not one was selected; of an identity its own.',
        response: { 200: listOrganizationsResponse, ...refusals(401) },
      },
    },
    async (request) => ({ organizations: (await ownOrganizations(request)).map(organizationBody) }),
  )

  server.get(
    '/api/v1/organization/accessible-with-sub-orgs',
    {
      schema: {
        operationId: 'listOrganizationsWithSubOrganizations',
        tags,
        security,
        summary: 'One’s own organizations, as command lines list them',
        response: { 200: organizationsWithSubOrganizationsResponse, ...refusals(401) },
      },
    },
    async (request) => ({
      organizations: (await ownOrganizations(request)).map(({ id, name, slug }) => ({
        id,
        name,
        slug,
        subOrganizations: [],
      })),
    }),
  )

  server.get(
    '/api/v1/organization/:organizationId',
    {
      schema: {
        operationId: 'getOrganization',
        tags,
        security,
        summary: 'One of one’s own organizations',
        params: organizationIdParams,
        response: { 200: organizationResponse, ...refusals(401, 404) },
      },
    },
    async (request) => {
      const own = await ownOrganizations(request)
      const organization = own.find(({ id }) => id === request.params.organizationId)
      if (organization === undefined) throw organizationUnknown()
      return { organization: organizationBody(organization) }
    },
  )
}

function registerChange(
  server: HttpServer,
  { authenticate, changeOrganization }: OrganizationRoutesDependencies,
): void {
  server.patch(
    '/api/v1/organization/:organizationId',
    {
      schema: {
        operationId: 'updateOrganization',
        tags,
        security,
        summary: 'Change the organization; what is left out stays',
        params: organizationIdParams,
        body: updateOrganizationRequest,
        response: { 200: organizationResponse, ...refusals(400, 401, 403, 404, 422) },
      },
    },
    async (request) => {
      const origin = await enterOrganization(authenticate, request, request.params.organizationId)
      const { name, slug, defaultMembershipRole: defaultMemberRole } = request.body
      const organization = await changeOrganization(origin, { name, slug, defaultMemberRole })
      return { organization: organizationBody(organization) }
    },
  )
}

function registerSubOrganizations(
  server: HttpServer,
  { authenticate }: OrganizationRoutesDependencies,
): void {
  server.get(
    '/api/v1/sub-organizations',
    {
      schema: {
        operationId: 'listSubOrganizations',
        tags,
        security,
        summary: 'Organizations within the organization: there are none',
        querystring: listSubOrganizationsQuery,
        response: { 200: listSubOrganizationsResponse, ...refusals(401, 422) },
      },
    },
    async (request) => {
      await authenticate(request)
      return { organizations: [], totalCount: 0 as const }
    },
  )
}

function organizationBody(organization: OrganizationDetails): OrganizationBody {
  const { id, name, slug, defaultMemberRole } = organization
  return {
    id,
    name,
    slug,
    defaultMembershipRole: defaultMemberRole,
    createdAt: organization.createdAt.toISOString(),
    updatedAt: organization.updatedAt.toISOString(),
  }
}
