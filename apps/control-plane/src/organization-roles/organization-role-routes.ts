import { refusals } from '@postern/api-contract/error-envelope'
import {
  createOrganizationRoleRequest,
  listOrganizationRolesResponse,
  type OrganizationRoleBody,
  organizationRoleIdParams,
  organizationRoleResponse,
  organizationRoleSlugParams,
  updateOrganizationRoleRequest,
} from '@postern/api-contract/organization-roles'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { Actor, Authenticate } from '../permissions/actor.ts'
import {
  builtInOrganizationRights,
  builtInOrganizationRoles,
  type WrittenOrganizationRule,
} from '../permissions/organization-rights.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import { type ChangeOrganizationRoles, noSuchRole, type RoleOrigin } from './change-organization-roles.ts'
import type { CustomRole, CustomRoleChange, OrganizationRoleStore } from './organization-role-store.ts'

export interface OrganizationRoleRoutesDependencies {
  authenticate: Authenticate
  store: Pick<OrganizationRoleStore, 'find' | 'findBySlug' | 'list'>
  changeRoles: ChangeOrganizationRoles
}

const tags = ['Organization roles']
const url = '/api/v1/organization/roles'

export function registerOrganizationRoleRoutes(
  server: HttpServer,
  dependencies: OrganizationRoleRoutesDependencies,
): void {
  registerReads(server, dependencies)
  registerChanges(server, dependencies)
}

function registerReads(
  server: HttpServer,
  { authenticate, store }: OrganizationRoleRoutesDependencies,
): void {
  const readerOf = async (request: FastifyRequest): Promise<Actor> => {
    const actor = await authenticate(request)
    requirePermission(actor, 'read', 'roles')
    return actor
  }

  server.get(
    url,
    {
      schema: {
        operationId: 'listOrganizationRoles',
        tags,
        summary: 'The roles of the organization: those that every one has, and its own',
        response: { 200: listOrganizationRolesResponse, ...refusals(401, 403) },
      },
    },
    async (request) => {
      const { organizationId } = await readerOf(request)
      const own = await store.list(organizationId)
      return { roles: [...builtInBodies(organizationId), ...own.map(bodyOf)] }
    },
  )

  server.get(
    `${url}/slug/:slug`,
    {
      schema: {
        operationId: 'getOrganizationRoleBySlug',
        tags,
        summary: 'One role by its slug',
        params: organizationRoleSlugParams,
        response: { 200: organizationRoleResponse, ...refusals(401, 403, 404, 422) },
      },
    },
    async (request) => {
      const { organizationId } = await readerOf(request)
      const { slug } = request.params
      const builtIn = builtInBodies(organizationId).find((role) => role.slug === slug)
      if (builtIn !== undefined) return { role: builtIn }
      return { role: bodyOf(foundOrThrow(await store.findBySlug(slug, organizationId))) }
    },
  )

  server.get(
    `${url}/:roleId`,
    {
      schema: {
        operationId: 'getOrganizationRole',
        tags,
        summary: 'One of the organization’s own roles',
        params: organizationRoleIdParams,
        response: { 200: organizationRoleResponse, ...refusals(401, 403, 404) },
      },
    },
    async (request) => {
      const { organizationId } = await readerOf(request)
      return { role: bodyOf(foundOrThrow(await store.find(request.params.roleId, organizationId))) }
    },
  )
}

function registerChanges(
  server: HttpServer,
  { authenticate, changeRoles }: OrganizationRoleRoutesDependencies,
): void {
  const originOf = async (request: FastifyRequest): Promise<RoleOrigin> => ({
    actor: await authenticate(request),
    requestId: request.id,
    ipAddress: request.ip,
  })

  server.post(
    url,
    {
      schema: {
        operationId: 'createOrganizationRole',
        tags,
        summary: 'Create a role',
        description: 'It may allow only what the caller may do. At most 200 in an organization.',
        body: createOrganizationRoleRequest,
        response: { 200: organizationRoleResponse, ...refusals(400, 401, 403, 422) },
      },
    },
    async (request) => {
      const { slug, name, description, permissions } = request.body
      const role = {
        slug,
        name,
        description: description ?? '',
        permissions: permissions.map(writtenRuleOf),
      }
      return { role: bodyOf(await changeRoles.create(await originOf(request), role)) }
    },
  )

  server.patch(
    `${url}/:roleId`,
    {
      schema: {
        operationId: 'updateOrganizationRole',
        tags,
        summary: 'Change a role; whoever has it has its new rights within seconds',
        params: organizationRoleIdParams,
        body: updateOrganizationRoleRequest,
        response: { 200: organizationRoleResponse, ...refusals(400, 401, 403, 404, 422) },
      },
    },
    async (request) => {
      const { slug, name, description, permissions } = request.body
      const change: CustomRoleChange = {
        ...(slug !== undefined && { slug }),
        ...(name !== undefined && { name }),
        ...(description !== undefined && { description: description ?? '' }),
        ...(permissions !== undefined && { permissions: permissions.map(writtenRuleOf) }),
      }
      const { roleId } = request.params
      return { role: bodyOf(await changeRoles.update(await originOf(request), roleId, change)) }
    },
  )

  server.delete(
    `${url}/:roleId`,
    {
      schema: {
        operationId: 'deleteOrganizationRole',
        tags,
        summary: 'Delete a role that nobody has',
        params: organizationRoleIdParams,
        response: { 200: organizationRoleResponse, ...refusals(400, 401, 403, 404) },
      },
    },
    async (request) => ({
      role: bodyOf(await changeRoles.remove(await originOf(request), request.params.roleId)),
    }),
  )
}

function foundOrThrow(role: CustomRole | undefined): CustomRole {
  if (role === undefined) throw noSuchRole()
  return role
}

function writtenRuleOf({ subject, action }: WrittenOrganizationRule): WrittenOrganizationRule {
  return { subject, action }
}

function bodyOf({ id, organizationId, slug, name, description, ...role }: CustomRole): OrganizationRoleBody {
  return {
    id,
    orgId: organizationId,
    slug,
    name,
    description,
    permissions: permissionsBody(role.permissions),
    isBuiltIn: false,
    createdAt: role.createdAt.toISOString(),
    updatedAt: role.updatedAt.toISOString(),
  }
}

function permissionsBody(
  permissions: readonly WrittenOrganizationRule[],
): OrganizationRoleBody['permissions'] {
  return permissions.map(({ subject, action }) => ({
    subject,
    action: typeof action === 'string' ? action : [...action],
  }))
}

const textsOf = {
  'no-access': ['No access', 'Nothing'],
  member: ['Member', 'Reads what there is, and creates projects'],
  admin: ['Admin', 'Everything in the organization'],
} as const

function builtInBodies(organizationId: string): OrganizationRoleBody[] {
  return builtInOrganizationRoles.toReversed().map((slug) => ({
    id: slug,
    orgId: organizationId,
    slug,
    name: textsOf[slug][0],
    description: textsOf[slug][1],
    permissions: permissionsBody(builtInOrganizationRights(slug)?.rules ?? []),
    isBuiltIn: true,
    createdAt: null,
    updatedAt: null,
  }))
}
