import {
  changedEnvironmentResponse,
  createEnvironmentRequest,
  environment,
  environmentInProjectParams,
  environmentParams,
  environmentResponse,
  environmentSlugParams,
  projectParams,
  updateEnvironmentRequest,
} from '@postern/api-contract/projects'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requireProjectPermission } from '../permissions/project-rights.ts'
import { type ChangeEnvironments, noSuchEnvironment } from './change-environments.ts'
import type { EnvironmentStore } from './environment-store.ts'
import type { EnteredProject, NamedProject, ProjectAccess } from './project-access.ts'
import { environmentBody } from './project-body.ts'
import { projectLimits } from './project-limits.ts'
import type { Environment } from './project-store.ts'
import { ofProjects, originOf, refused } from './route-parts.ts'

export interface EnvironmentRoutesDependencies {
  authenticate: Authenticate
  access: Pick<ProjectAccess, 'enter' | 'enterIfMember'>
  store: Pick<EnvironmentStore, 'findProjectId'>
  changeEnvironments: ChangeEnvironments
}

/** Clients know both. */
const prefixes = [
  ['/api/v1/projects/:projectId', 'Environment'],
  ['/api/v1/workspace/:projectId', 'WorkspaceEnvironment'],
] as const

export function registerEnvironmentRoutes(
  server: HttpServer,
  dependencies: EnvironmentRoutesDependencies,
): void {
  registerReads(server, dependencies)
  registerChanges(server, dependencies)
}

function registerReads(
  server: HttpServer,
  { authenticate, access, store }: EnvironmentRoutesDependencies,
): void {
  const enter = async (request: FastifyRequest, named: NamedProject): Promise<EnteredProject> => {
    const entered = await access.enter(await authenticate(request), named)
    requireProjectPermission(entered.rights, 'read', 'environments')
    return entered
  }
  for (const [prefix, name] of prefixes) {
    server.get(
      `${prefix}/environments/:environmentId`,
      {
        schema: {
          ...ofProjects,
          operationId: `get${name}`,
          summary: 'One environment',
          params: environmentInProjectParams,
          response: { 200: environmentResponse, ...refused },
        },
      },
      async (request) => {
        const { projectId, environmentId } = request.params
        const { environments } = await enter(request, { projectId })
        return { environment: environmentBody(byId(environments, environmentId)) }
      },
    )
    server.get(
      `${prefix}/environments/slug/:environmentSlug`,
      {
        schema: {
          ...ofProjects,
          operationId: `get${name}BySlug`,
          summary: 'One environment by its slug; without an envelope',
          params: environmentSlugParams,
          response: { 200: environment, ...refused },
        },
      },
      async (request) => {
        const { projectId, environmentSlug } = request.params
        return environmentBody((await enter(request, { projectId })).environment(environmentSlug))
      },
    )
  }
  server.get(
    '/api/v1/workspace/environments/:environmentId',
    {
      schema: {
        ...ofProjects,
        operationId: 'getEnvironmentById',
        summary: 'One environment of whatever project',
        params: environmentParams,
        response: { 200: environmentResponse, ...refused },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      const { environmentId } = request.params
      const projectId = await store.findProjectId(environmentId, actor.organizationId)
      // The same words for one in a project that the actor is not in as for one that does not exist.
      const entered = projectId && (await access.enterIfMember(actor, { projectId }))
      if (!entered) throw noSuchEnvironment()
      requireProjectPermission(entered.rights, 'read', 'environments')
      return { environment: environmentBody(byId(entered.environments, environmentId)) }
    },
  )
}

function byId(environments: readonly Environment[], environmentId: string): Environment {
  const found = environments.find(({ id }) => id === environmentId)
  if (found === undefined) throw noSuchEnvironment()
  return found
}

function registerChanges(
  server: HttpServer,
  { authenticate, changeEnvironments }: EnvironmentRoutesDependencies,
): void {
  for (const [prefix, name] of prefixes) {
    server.post(
      `${prefix}/environments`,
      {
        schema: {
          ...ofProjects,
          operationId: `create${name}`,
          summary: 'Create an environment',
          description: `A project holds ${projectLimits.environmentsPerProject} at most.`,
          params: projectParams,
          body: createEnvironmentRequest,
          response: { 200: changedEnvironmentResponse, ...refused },
        },
      },
      async (request) => {
        const { name, slug, position } = request.body
        const created = await changeEnvironments.create(
          await originOf(authenticate, request),
          request.params,
          { name, slug, position },
        )
        return changed('The environment was created', created)
      },
    )
    server.patch(
      `${prefix}/environments/:environmentId`,
      {
        schema: {
          ...ofProjects,
          operationId: `update${name}`,
          summary: 'Change an environment; what is left out stays',
          description:
            'Another slug takes the right to everything in the project’s secrets, folders and imports: roles name ' +
            'environments by their slugs.',
          params: environmentInProjectParams,
          body: updateEnvironmentRequest,
          response: { 200: changedEnvironmentResponse, ...refused },
        },
      },
      async (request) => {
        const { projectId, environmentId } = request.params
        const origin = await originOf(authenticate, request)
        const { body } = request
        return changed(
          'The environment was changed',
          await changeEnvironments.update(origin, { projectId }, environmentId, body),
        )
      },
    )
    server.delete(
      `${prefix}/environments/:environmentId`,
      {
        schema: {
          ...ofProjects,
          operationId: `delete${name}`,
          summary: 'Delete an environment with all its folders, secrets and imports',
          description: 'Imports of it elsewhere in the project go too.',
          params: environmentInProjectParams,
          response: { 200: changedEnvironmentResponse, ...refused },
        },
      },
      async (request) => {
        const { projectId, environmentId } = request.params
        const origin = await originOf(authenticate, request)
        return changed(
          'The environment was deleted',
          await changeEnvironments.remove(origin, { projectId }, environmentId),
        )
      },
    )
  }
}

function changed(message: string, environment: Environment) {
  return { message, workspace: environment.projectId, environment: environmentBody(environment) }
}
