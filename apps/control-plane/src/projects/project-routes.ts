import {
  createProjectRequest,
  deletedProjectResponse,
  listProjectsQuery,
  listProjectsResponse,
  listWorkspacesResponse,
  project,
  projectParams,
  projectResponse,
  projectSlugParams,
  updatedProjectResponse,
  updatedWorkspaceResponse,
  updateProjectRequest,
  workspaceResponse,
} from '@postern/api-contract/projects'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requireProjectPermission } from '../permissions/project-rights.ts'
import type { ChangeProjects } from './change-projects.ts'
import type { EnteredProject, NamedProject, ProjectAccess } from './project-access.ts'
import { projectBody } from './project-body.ts'
import { projectLimits } from './project-limits.ts'
import type { NewProject } from './project-store.ts'
import { ofProjects, originOf, refused } from './route-parts.ts'

export interface ProjectRoutesDependencies {
  authenticate: Authenticate
  access: Pick<ProjectAccess, 'enter' | 'enterAll'>
  changeProjects: ChangeProjects
}

export function registerProjectRoutes(server: HttpServer, dependencies: ProjectRoutesDependencies): void {
  registerLists(server, dependencies)
  registerReads(server, dependencies)
  registerCreation(server, dependencies)
  registerUpdates(server, dependencies)
  registerDeletions(server, dependencies)
}

function registerLists(server: HttpServer, { authenticate, access }: ProjectRoutesDependencies): void {
  const list = async (request: FastifyRequest, type: string | undefined) => {
    const entered = await access.enterAll(await authenticate(request))
    return entered
      .filter(({ rights }) => rights.can('read', 'project'))
      .filter(({ project }) => type === undefined || type === 'all' || project.type === type)
      .map(projectBody)
  }
  const summary = 'The projects that the caller may see, oldest first'
  server.get(
    '/api/v1/projects',
    {
      schema: {
        ...ofProjects,
        operationId: 'listProjects',
        summary,
        querystring: listProjectsQuery,
        response: { 200: listProjectsResponse, ...refused },
      },
    },
    async (request) => ({ projects: await list(request, request.query.type) }),
  )
  server.get(
    '/api/v1/workspace',
    {
      schema: {
        ...ofProjects,
        operationId: 'listWorkspaces',
        summary,
        querystring: listProjectsQuery,
        response: { 200: listWorkspacesResponse, ...refused },
      },
    },
    async (request) => ({ workspaces: await list(request, request.query.type) }),
  )
}

function registerReads(server: HttpServer, { authenticate, access }: ProjectRoutesDependencies): void {
  const read = async (request: FastifyRequest, named: NamedProject): Promise<EnteredProject> => {
    const entered = await access.enter(await authenticate(request), named)
    requireProjectPermission(entered.rights, 'read', 'project')
    return entered
  }
  const summary = 'One project'
  server.get(
    '/api/v1/projects/:projectId',
    {
      schema: {
        ...ofProjects,
        operationId: 'getProject',
        summary,
        params: projectParams,
        response: { 200: projectResponse, ...refused },
      },
    },
    async (request) => ({ project: projectBody(await read(request, request.params)) }),
  )
  server.get(
    '/api/v1/workspace/:projectId',
    {
      schema: {
        ...ofProjects,
        operationId: 'getWorkspace',
        summary,
        params: projectParams,
        response: { 200: workspaceResponse, ...refused },
      },
    },
    async (request) => ({ workspace: projectBody(await read(request, request.params)) }),
  )
  const bySlug = [
    ['/api/v1/projects/slug/:projectSlug', 'getProjectBySlug'],
    ['/api/v1/workspace/slug/:projectSlug', 'getWorkspaceBySlug'],
    ['/api/v2/workspace/:projectSlug', 'getWorkspaceBySlugV2'],
  ] as const
  for (const [path, operationId] of bySlug) {
    server.get(
      path,
      {
        schema: {
          ...ofProjects,
          operationId,
          summary: 'One project by its slug; without an envelope',
          params: projectSlugParams,
          response: { 200: project, ...refused },
        },
      },
      async (request) => projectBody(await read(request, request.params)),
    )
  }
}

const defaultEnvironments = [
  { name: 'Development', slug: 'dev' },
  { name: 'Staging', slug: 'staging' },
  { name: 'Production', slug: 'prod' },
]

function draftOf(body: z.output<typeof createProjectRequest>): Omit<NewProject, 'organizationId'> {
  return {
    name: body.projectName,
    slug: body.slug ?? undefined,
    description: textOrNull(body.projectDescription),
    type: body.type ?? 'secret-manager',
    hasDeleteProtection: body.hasDeleteProtection,
    environments: body.shouldCreateDefaultEnvs ? defaultEnvironments : [],
  }
}

function textOrNull(text: string | null | undefined): string | null {
  return text === undefined || text === '' ? null : text
}

function registerCreation(
  server: HttpServer,
  { authenticate, changeProjects }: ProjectRoutesDependencies,
): void {
  const paths = [
    ['/api/v1/projects', 'createProject'],
    ['/api/v2/workspace', 'createWorkspace'],
  ] as const
  for (const [path, operationId] of paths) {
    server.post(
      path,
      {
        schema: {
          ...ofProjects,
          operationId,
          summary: 'Create a project; the caller becomes its admin',
          description: `An organization holds ${projectLimits.projectsPerOrganization} projects at most.`,
          body: createProjectRequest,
          response: { 200: projectResponse, ...refused },
        },
      },
      async (request) => {
        const origin = await originOf(authenticate, request)
        return { project: projectBody(await changeProjects.create(origin, draftOf(request.body))) }
      },
    )
  }
}

function registerUpdates(
  server: HttpServer,
  { authenticate, changeProjects }: ProjectRoutesDependencies,
): void {
  const update = async (
    request: FastifyRequest,
    named: NamedProject,
    { description, ...change }: z.output<typeof updateProjectRequest>,
  ) => {
    const origin = await originOf(authenticate, request)
    const changed = await changeProjects.update(origin, named, {
      ...change,
      description: description === undefined ? undefined : textOrNull(description),
    })
    return projectBody(changed)
  }
  const summary = 'Change a project; what is left out stays'
  server.patch(
    '/api/v1/projects/:projectId',
    {
      schema: {
        ...ofProjects,
        operationId: 'updateProject',
        summary,
        params: projectParams,
        body: updateProjectRequest,
        response: { 200: updatedProjectResponse, ...refused },
      },
    },
    async (request) => {
      const changed = await update(request, request.params, request.body)
      return { ...changed, project: changed }
    },
  )
  server.patch(
    '/api/v1/workspace/:projectId',
    {
      schema: {
        ...ofProjects,
        operationId: 'updateWorkspace',
        summary,
        params: projectParams,
        body: updateProjectRequest,
        response: { 200: updatedWorkspaceResponse, ...refused },
      },
    },
    async (request) => ({
      message: 'The project was changed',
      workspace: await update(request, request.params, request.body),
    }),
  )
  server.patch(
    '/api/v2/workspace/:projectSlug',
    {
      schema: {
        ...ofProjects,
        operationId: 'updateWorkspaceBySlug',
        summary,
        params: projectSlugParams,
        body: updateProjectRequest.omit({ slug: true }),
        response: { 200: project, ...refused },
      },
    },
    async (request) => update(request, request.params, request.body),
  )
}

function registerDeletions(
  server: HttpServer,
  { authenticate, changeProjects }: ProjectRoutesDependencies,
): void {
  const remove = async (request: FastifyRequest, named: NamedProject) => {
    const origin = await originOf(authenticate, request)
    const deleted = projectBody(await changeProjects.remove(origin, named))
    return { ...deleted, project: deleted, workspace: deleted }
  }
  const shared = {
    ...ofProjects,
    summary: 'Delete a project with everything in it',
    description:
      'Environments, folders, secrets, roles, memberships and the identities that it owns go with it, and their tokens ' +
      'are dead at once. Refused (400) while it is protected.',
    response: { 200: deletedProjectResponse, ...refused },
  }
  const byId = [
    ['/api/v1/projects/:projectId', 'deleteProject'],
    ['/api/v1/workspace/:projectId', 'deleteWorkspace'],
  ] as const
  for (const [path, operationId] of byId) {
    server.delete(path, { schema: { ...shared, operationId, params: projectParams } }, (request) =>
      remove(request, request.params),
    )
  }
  server.delete(
    '/api/v2/workspace/:projectSlug',
    { schema: { ...shared, operationId: 'deleteWorkspaceBySlug', params: projectSlugParams } },
    (request) => remove(request, request.params),
  )
}
