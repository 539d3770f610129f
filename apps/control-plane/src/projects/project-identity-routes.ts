import {
  createProjectIdentityRequest,
  listProjectIdentitiesQuery,
  listProjectIdentitiesResponse,
  projectIdentityResponse,
  updateProjectIdentityRequest,
} from '@postern/api-contract/project-identities'
import { identityInProjectParams } from '@postern/api-contract/project-members'
import { projectParams } from '@postern/api-contract/projects'
import type { HttpServer } from '../http/http-server.ts'
import { identityUnknown } from '../identities/change-identities.ts'
import type { Identity, IdentityStore } from '../identities/identity-store.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requireProjectPermission } from '../permissions/project-rights.ts'
import type { ChangeProjectIdentities } from './change-project-identities.ts'
import { wantedRole } from './member-body.ts'
import type { ProjectAccess } from './project-access.ts'
import { ofProjects, originOf, refused } from './route-parts.ts'

export interface ProjectIdentityRoutesDependencies {
  authenticate: Authenticate
  access: Pick<ProjectAccess, 'enter'>
  identities: Pick<IdentityStore, 'find' | 'list'>
  changeIdentities: ChangeProjectIdentities
}

type Dependencies = ProjectIdentityRoutesDependencies

const all = '/api/v1/projects/:projectId/identities'
const one = `${all}/:identityId` as const

export function registerProjectIdentityRoutes(server: HttpServer, dependencies: Dependencies): void {
  registerReads(server, dependencies)
  registerChanges(server, dependencies)
}

function registerReads(server: HttpServer, { authenticate, access, identities }: Dependencies): void {
  server.get(
    all,
    {
      schema: {
        ...ofProjects,
        operationId: 'listProjectIdentities',
        summary: 'The identities that a project owns, oldest first',
        params: projectParams,
        querystring: listProjectIdentitiesQuery,
        response: { 200: listProjectIdentitiesResponse, ...refused },
      },
    },
    async (request) => {
      const { project, rights } = await access.enter(await authenticate(request), request.params)
      requireProjectPermission(rights, 'read', 'identities')
      const { id: projectId, organizationId } = project
      const page = await identities.list(organizationId, { ...request.query, projectId })
      return {
        identities: page.identities.map((identity) => identityBody(identity, projectId)),
        totalCount: page.totalCount,
      }
    },
  )
  server.get(
    one,
    {
      schema: {
        ...ofProjects,
        operationId: 'getProjectIdentity',
        summary: 'One identity that a project owns',
        params: identityInProjectParams,
        response: { 200: projectIdentityResponse, ...refused },
      },
    },
    async (request) => {
      const { projectId, identityId } = request.params
      const { project, rights } = await access.enter(await authenticate(request), { projectId })
      requireProjectPermission(rights, 'read', 'identities')
      const identity = await identities.find(identityId, project.organizationId)
      if (identity?.projectId !== project.id) throw identityUnknown()
      return { identity: identityBody(identity, project.id) }
    },
  )
}

function registerChanges(server: HttpServer, { authenticate, changeIdentities }: Dependencies): void {
  server.post(
    all,
    {
      schema: {
        ...ofProjects,
        operationId: 'createProjectIdentity',
        summary: 'Create an identity that the project owns',
        description:
          'A member of the project and of no other, with Universal Auth attached; it is deleted with the project.',
        params: projectParams,
        body: createProjectIdentityRequest,
        response: { 200: projectIdentityResponse, ...refused },
      },
    },
    async (request) => {
      const { name, hasDeleteProtection, metadata, roles } = request.body
      const wanted = roles && roles.length > 0 ? roles : [{ role: 'no-access' }]
      const identity = await changeIdentities.create(
        await originOf(authenticate, request),
        request.params,
        { name, hasDeleteProtection, metadata: metadata ?? [] },
        wanted.map(wantedRole),
      )
      return { identity: identityBody(identity, request.params.projectId) }
    },
  )
  server.patch(
    one,
    {
      schema: {
        ...ofProjects,
        operationId: 'updateProjectIdentity',
        summary: 'Change an identity that the project owns; what is left out stays',
        params: identityInProjectParams,
        body: updateProjectIdentityRequest,
        response: { 200: projectIdentityResponse, ...refused },
      },
    },
    async (request) => {
      const { projectId, identityId } = request.params
      const { name, hasDeleteProtection, metadata } = request.body
      const identity = await changeIdentities.update(
        await originOf(authenticate, request),
        { projectId },
        identityId,
        { name, hasDeleteProtection, metadata: metadata ?? undefined },
      )
      return { identity: identityBody(identity, projectId) }
    },
  )
  server.delete(
    one,
    {
      schema: {
        ...ofProjects,
        operationId: 'deleteProjectIdentity',
        summary: 'Delete an identity that the project owns; its tokens are dead at once',
        params: identityInProjectParams,
        response: { 200: projectIdentityResponse, ...refused },
      },
    },
    async (request) => {
      const { projectId, identityId } = request.params
      const origin = await originOf(authenticate, request)
      const identity = await changeIdentities.remove(origin, { projectId }, identityId)
      return { identity: identityBody(identity, projectId) }
    },
  )
}

function identityBody(identity: Identity, projectId: string) {
  const { id, name, organizationId: orgId, hasDeleteProtection, authMethods, metadata } = identity
  return {
    id,
    name,
    orgId,
    projectId,
    createdAt: identity.createdAt.toISOString(),
    updatedAt: identity.updatedAt.toISOString(),
    hasDeleteProtection,
    activeLockoutAuthMethods: identity.activeLockoutAuthMethods,
    authMethods,
    metadata,
  }
}
