import {
  createProjectRoleRequest,
  listProjectRolesResponse,
  projectRoleParams,
  projectRoleResponse,
  projectRoleSlugParams,
  roleParams,
  updateProjectRoleRequest,
} from '@postern/api-contract/project-roles'
import { projectIdOrSlugParams } from '@postern/api-contract/projects'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requireProjectPermission } from '../permissions/project-rights.ts'
import { type ChangeProjectRoles, noSuchRole } from './change-project-roles.ts'
import type { EnteredProject, ProjectAccess } from './project-access.ts'
import { projectLimits } from './project-limits.ts'
import {
  builtInRolesOf,
  projectRoleBody,
  projectRoleWithPermissionsBody,
  ruleOf,
} from './project-role-body.ts'
import type { ProjectRoleStore } from './project-role-store.ts'
import { idOrSlug, ofProjects, originOf, refused } from './route-parts.ts'

export interface ProjectRoleRoutesDependencies {
  authenticate: Authenticate
  access: Pick<ProjectAccess, 'enter' | 'enterIfMember'>
  roles: Pick<ProjectRoleStore, 'list' | 'findProjectId'>
  changeRoles: ChangeProjectRoles
}

type Dependencies = ProjectRoleRoutesDependencies

/** Clients of the second name the project by its slug; all three take either. */
const prefixes = [
  ['/api/v1/projects/:project/roles', 'ProjectRole'],
  ['/api/v1/workspace/:project/roles', 'WorkspaceRole'],
  ['/api/v2/workspace/:project/roles', 'WorkspaceRoleV2'],
] as const
type Prefix = (typeof prefixes)[number][0]

export function registerProjectRoleRoutes(server: HttpServer, dependencies: Dependencies): void {
  for (const [prefix, name] of prefixes) {
    registerReads(server, dependencies, prefix, name)
    registerChanges(server, dependencies, prefix, name)
  }
  registerReadById(server, dependencies)
}

async function enter(
  { authenticate, access }: Dependencies,
  request: FastifyRequest,
  project: string,
): Promise<EnteredProject> {
  const entered = await access.enter(await authenticate(request), idOrSlug(project))
  requireProjectPermission(entered.rights, 'read', 'roles')
  return entered
}

function registerReads(server: HttpServer, dependencies: Dependencies, prefix: Prefix, name: string): void {
  const { roles } = dependencies
  server.get(
    prefix,
    {
      schema: {
        ...ofProjects,
        operationId: `list${name}s`,
        summary: 'The roles of a project: those that every project has, then its own by slug',
        params: projectIdOrSlugParams,
        response: { 200: listProjectRolesResponse, ...refused },
      },
    },
    async (request) => {
      const { project } = await enter(dependencies, request, request.params.project)
      const all = [...builtInRolesOf(project), ...(await roles.list(project.id))]
      return { roles: all.map(projectRoleBody) }
    },
  )
  server.get(
    `${prefix}/slug/:roleSlug`,
    {
      schema: {
        ...ofProjects,
        operationId: `get${name}BySlug`,
        summary: 'One role of a project, with what it allows',
        params: projectRoleSlugParams,
        response: { 200: projectRoleResponse, ...refused },
      },
    },
    async (request) => {
      const { project } = await enter(dependencies, request, request.params.project)
      const all = [...builtInRolesOf(project), ...(await roles.list(project.id))]
      const role = all.find(({ slug }) => slug === request.params.roleSlug)
      if (role === undefined) throw noSuchRole()
      return { role: projectRoleWithPermissionsBody(role) }
    },
  )
}

function registerReadById(server: HttpServer, { authenticate, access, roles }: Dependencies): void {
  server.get(
    '/api/v1/projects/roles/:roleId',
    {
      schema: {
        ...ofProjects,
        operationId: 'getProjectRoleById',
        summary: 'One of the own roles of whatever project, with what it allows',
        params: roleParams,
        response: { 200: projectRoleResponse, ...refused },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      const { roleId } = request.params
      const projectId = await roles.findProjectId(roleId, actor.organizationId)
      // The same words for one in a project that the actor is not in as for one that does not exist.
      const entered = projectId && (await access.enterIfMember(actor, { projectId }))
      if (!entered) throw noSuchRole()
      requireProjectPermission(entered.rights, 'read', 'roles')
      const role = (await roles.list(entered.project.id)).find(({ id }) => id === roleId)
      if (role === undefined) throw noSuchRole()
      return { role: projectRoleWithPermissionsBody(role) }
    },
  )
}

function registerChanges(
  server: HttpServer,
  { authenticate, changeRoles }: Dependencies,
  prefix: Prefix,
  name: string,
): void {
  server.post(
    prefix,
    {
      schema: {
        ...ofProjects,
        operationId: `create${name}`,
        summary: 'Make a role of the project’s own',
        description: `It allows nothing beyond what the caller may do. A project has ${projectLimits.rolesPerProject} of them at most.`,
        params: projectIdOrSlugParams,
        body: createProjectRoleRequest,
        response: { 200: projectRoleResponse, ...refused },
      },
    },
    async (request) => {
      const { permissions, description, ...draft } = request.body
      const origin = await originOf(authenticate, request)
      const role = await changeRoles.create(origin, idOrSlug(request.params.project), {
        ...draft,
        description: description ?? null,
        rules: permissions.map(ruleOf),
      })
      return { role: projectRoleWithPermissionsBody(role) }
    },
  )
  server.patch(
    `${prefix}/:roleId`,
    {
      schema: {
        ...ofProjects,
        operationId: `update${name}`,
        summary: 'Change one of the project’s own roles; what is left out stays',
        params: projectRoleParams,
        body: updateProjectRoleRequest,
        response: { 200: projectRoleResponse, ...refused },
      },
    },
    async (request) => {
      const { project, roleId } = request.params
      const { permissions, ...change } = request.body
      const origin = await originOf(authenticate, request)
      const role = await changeRoles.update(origin, idOrSlug(project), roleId, {
        ...change,
        rules: permissions?.map(ruleOf),
      })
      return { role: projectRoleWithPermissionsBody(role) }
    },
  )
  server.delete(
    `${prefix}/:roleId`,
    {
      schema: {
        ...ofProjects,
        operationId: `delete${name}`,
        summary: 'Delete one of the project’s own roles; refused while members have it',
        params: projectRoleParams,
        response: { 200: projectRoleResponse, ...refused },
      },
    },
    async (request) => {
      const { project, roleId } = request.params
      const origin = await originOf(authenticate, request)
      return {
        role: projectRoleWithPermissionsBody(await changeRoles.remove(origin, idOrSlug(project), roleId)),
      }
    },
  )
}
