import {
  addedIdentityResponse,
  addIdentityRequest,
  availableIdentitiesResponse,
  changedRolesResponse,
  changeRolesRequest,
  identityInProjectParams,
  identityMembershipOfProjectResponse,
  listIdentityMembershipsResponse,
  membershipParams,
  membersQuery,
} from '@postern/api-contract/project-members'
import { projectParams } from '@postern/api-contract/projects'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { IdentityStore } from '../identities/identity-store.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requireProjectPermission } from '../permissions/project-rights.ts'
import { type ChangeProjectMembers, noSuchMember } from './change-project-members.ts'
import { addedIdentityBody, changedRolesBody, identityMembershipBody, wantedRole } from './member-body.ts'
import type { EnteredProject, ProjectAccess } from './project-access.ts'
import { projectLimits } from './project-limits.ts'
import type { Page, ProjectMember, ProjectMemberStore } from './project-member-store.ts'
import { ofProjects, originOf, refused } from './route-parts.ts'

export interface IdentityMemberRoutesDependencies {
  authenticate: Authenticate
  access: Pick<ProjectAccess, 'enter' | 'enterIfMember'>
  members: Pick<ProjectMemberStore, 'find' | 'findById' | 'listIdentities' | 'listAvailableIdentities'>
  identities: Pick<IdentityStore, 'find' | 'findMany'>
  changeMembers: ChangeProjectMembers
}

type Dependencies = IdentityMemberRoutesDependencies

/** One thing under three paths; all are called by clients of today. */
const prefixes = [
  ['/api/v1/projects/:projectId/memberships/identities', 'ProjectIdentityMembership'],
  ['/api/v1/projects/:projectId/identity-memberships', 'ProjectIdentityMembershipAlias'],
  ['/api/v2/workspace/:projectId/identity-memberships', 'WorkspaceIdentityMembership'],
] as const

export function registerIdentityMemberRoutes(server: HttpServer, dependencies: Dependencies): void {
  for (const [prefix, name] of prefixes) {
    registerList(server, dependencies, prefix, name)
    registerRead(server, dependencies, prefix, name)
    registerChanges(server, dependencies, prefix, name)
  }
  registerReadById(server, dependencies)
  registerAvailable(server, dependencies)
}

async function enter(
  { authenticate, access }: Dependencies,
  request: FastifyRequest,
  projectId: string,
): Promise<EnteredProject> {
  const entered = await access.enter(await authenticate(request), { projectId })
  requireProjectPermission(entered.rights, 'read', 'identities')
  return entered
}

function registerList(server: HttpServer, dependencies: Dependencies, prefix: Prefix, name: string): void {
  const { members, identities } = dependencies
  server.get(
    prefix,
    {
      schema: {
        ...ofProjects,
        operationId: `list${name}s`,
        summary: 'The identities that are in a project, with their roles; oldest membership first',
        params: projectParams,
        querystring: membersQuery,
        response: { 200: listIdentityMembershipsResponse, ...refused },
      },
    },
    async (request) => {
      const { project } = await enter(dependencies, request, request.params.projectId)
      const page: Page = request.query
      const { members: found, totalCount } = await members.listIdentities(project.id, page)
      const known = await identities.findMany(found.flatMap(identityIdOf), project.organizationId)
      const byId = new Map(known.map((identity) => [identity.id, identity]))
      const identityMemberships = found.flatMap((member) => {
        const identity = byId.get(identityIdOf(member)[0] ?? '')
        return identity === undefined ? [] : [identityMembershipBody(member, identity, project)]
      })
      return { identityMemberships, totalCount }
    },
  )
}

type Prefix = (typeof prefixes)[number][0]

function identityIdOf({ who }: ProjectMember): string[] {
  return who.kind === 'identity' ? [who.identityId] : []
}

function registerRead(server: HttpServer, dependencies: Dependencies, prefix: Prefix, name: string): void {
  server.get(
    `${prefix}/:identityId`,
    {
      schema: {
        ...ofProjects,
        operationId: `get${name}`,
        summary: 'One identity in a project, with its roles',
        params: identityInProjectParams,
        response: { 200: identityMembershipOfProjectResponse, ...refused },
      },
    },
    async (request) => {
      const { projectId, identityId } = request.params
      const entered = await enter(dependencies, request, projectId)
      const member = await dependencies.members.find(entered.project.id, { kind: 'identity', identityId })
      return { identityMembership: await membershipOf(dependencies, entered, member) }
    },
  )
}

async function membershipOf(
  { identities }: Dependencies,
  { project }: EnteredProject,
  member: ProjectMember | undefined,
) {
  const [identityId] = member === undefined ? [] : identityIdOf(member)
  const identity = identityId && (await identities.find(identityId, project.organizationId))
  if (member === undefined || !identity) throw noSuchMember()
  return identityMembershipBody(member, identity, project)
}

function registerReadById(server: HttpServer, dependencies: Dependencies): void {
  const { authenticate, access, members } = dependencies
  server.get(
    '/api/v2/workspace/identity-memberships/:membershipId',
    {
      schema: {
        ...ofProjects,
        operationId: 'getIdentityMembershipById',
        summary: 'One identity in whatever project, by the id of its membership',
        params: membershipParams,
        response: { 200: identityMembershipOfProjectResponse, ...refused },
      },
    },
    async (request) => {
      const actor = await authenticate(request)
      const member = await members.findById(request.params.membershipId, actor.organizationId)
      // The same words for one in a project that the actor is not in as for one that does not exist.
      const entered = member && (await access.enterIfMember(actor, { projectId: member.projectId }))
      if (entered === undefined) throw noSuchMember()
      requireProjectPermission(entered.rights, 'read', 'identities')
      return { identityMembership: await membershipOf(dependencies, entered, member) }
    },
  )
}

function registerAvailable(server: HttpServer, dependencies: Dependencies): void {
  const { authenticate, access, members } = dependencies
  server.get(
    '/api/v1/projects/:projectId/memberships/available-identities',
    {
      schema: {
        ...ofProjects,
        operationId: 'listAvailableIdentities',
        summary: 'The organization’s identities that are not in the project yet, by name',
        description: 'For whoever may add identities to the project.',
        params: projectParams,
        querystring: membersQuery,
        response: { 200: availableIdentitiesResponse, ...refused },
      },
    },
    async (request) => {
      const { project, rights } = await access.enter(await authenticate(request), request.params)
      requireProjectPermission(rights, 'create', 'identities')
      const { identities, totalCount } = await members.listAvailableIdentities(
        project.id,
        project.organizationId,
        request.query,
      )
      return { identities: [...identities], totalCount }
    },
  )
}

function registerChanges(
  server: HttpServer,
  { authenticate, changeMembers }: Dependencies,
  prefix: Prefix,
  name: string,
): void {
  server.post(
    `${prefix}/:identityId`,
    {
      schema: {
        ...ofProjects,
        operationId: `create${name}`,
        summary: 'Add an identity to a project',
        description: `With no role beyond the caller’s own. A project has ${projectLimits.membersPerProject} members at most, identities and people together.`,
        params: identityInProjectParams,
        body: addIdentityRequest,
        response: { 200: addedIdentityResponse, ...refused },
      },
    },
    async (request) => {
      const { projectId, identityId } = request.params
      const { role, roles } = request.body
      const wanted = roles && roles.length > 0 ? roles : [{ role: role ?? 'no-access' }]
      const origin = await originOf(authenticate, request)
      const member = await changeMembers.addIdentity(
        origin,
        { projectId },
        identityId,
        wanted.map(wantedRole),
      )
      return { identityMembership: addedIdentityBody(member, identityId) }
    },
  )
  server.patch(
    `${prefix}/:identityId`,
    {
      schema: {
        ...ofProjects,
        operationId: `update${name}`,
        summary: 'Give an identity other roles in a project, in the place of those that it has',
        params: identityInProjectParams,
        body: changeRolesRequest,
        response: { 200: changedRolesResponse, ...refused },
      },
    },
    async (request) => {
      const { projectId, identityId } = request.params
      const roles = request.body.roles.map(wantedRole)
      const origin = await originOf(authenticate, request)
      return changedRolesBody(await changeMembers.setRoles(origin, { projectId }, { identityId }, roles))
    },
  )
  server.delete(
    `${prefix}/:identityId`,
    {
      schema: {
        ...ofProjects,
        operationId: `delete${name}`,
        summary: 'Take an identity out of a project',
        params: identityInProjectParams,
        response: { 200: addedIdentityResponse, ...refused },
      },
    },
    async (request) => {
      const { projectId, identityId } = request.params
      const origin = await originOf(authenticate, request)
      const [member] = await changeMembers.remove(origin, { projectId }, [{ identityId }])
      if (member === undefined) throw noSuchMember()
      return { identityMembership: addedIdentityBody(member, identityId) }
    },
  )
}
