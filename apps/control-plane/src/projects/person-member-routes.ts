import {
  addPeopleRequest,
  changedRolesResponse,
  changeRolesRequest,
  findPersonRequest,
  listPeopleResponse,
  peopleMembershipsResponse,
  personMembershipResponse,
  personParams,
  removedPersonResponse,
  removePeopleRequest,
  userInProjectParams,
} from '@postern/api-contract/project-members'
import { projectParams } from '@postern/api-contract/projects'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requireProjectPermission } from '../permissions/project-rights.ts'
import { type ChangeProjectMembers, noSuchMember } from './change-project-members.ts'
import { addedPersonBody, changedRolesBody, personMembershipBody, wantedRole } from './member-body.ts'
import type { EnteredProject, ProjectAccess } from './project-access.ts'
import type { ProjectMemberStore } from './project-member-store.ts'
import { ofProjects, originOf, refused } from './route-parts.ts'

export interface PersonMemberRoutesDependencies {
  authenticate: Authenticate
  access: Pick<ProjectAccess, 'enter'>
  members: Pick<ProjectMemberStore, 'listPeople' | 'findPerson'>
  changeMembers: ChangeProjectMembers
}

type Dependencies = PersonMemberRoutesDependencies

const prefixes = [
  ['/api/v1/projects/:projectId/memberships', 'ProjectMember'],
  ['/api/v1/workspace/:projectId/memberships', 'WorkspaceMember'],
  ['/api/v2/workspace/:projectId/memberships', 'WorkspaceMemberV2'],
] as const
type Prefix = (typeof prefixes)[number][0]

export function registerPersonMemberRoutes(server: HttpServer, dependencies: Dependencies): void {
  for (const [prefix, name] of prefixes) {
    registerReads(server, dependencies, prefix, name)
    registerAdditions(server, dependencies, prefix, name)
    registerChanges(server, dependencies, prefix, name)
  }
  registerReadByUser(server, dependencies)
}

async function enter(
  { authenticate, access }: Dependencies,
  request: FastifyRequest,
  projectId: string,
): Promise<EnteredProject> {
  const entered = await access.enter(await authenticate(request), { projectId })
  requireProjectPermission(entered.rights, 'read', 'members')
  return entered
}

async function personOf(
  { members }: Dependencies,
  { project }: EnteredProject,
  by: Parameters<ProjectMemberStore['findPerson']>[1],
) {
  const person = await members.findPerson(project.id, by)
  if (person === undefined) throw noSuchMember()
  return { membership: personMembershipBody(person, project) }
}

function registerReads(server: HttpServer, dependencies: Dependencies, prefix: Prefix, name: string): void {
  server.get(
    prefix,
    {
      schema: {
        ...ofProjects,
        operationId: `list${name}s`,
        summary: 'The people in a project, with their roles; oldest membership first',
        params: projectParams,
        response: { 200: listPeopleResponse, ...refused },
      },
    },
    async (request) => {
      const { project } = await enter(dependencies, request, request.params.projectId)
      const people = await dependencies.members.listPeople(project.id)
      return { memberships: people.map((person) => personMembershipBody(person, project)) }
    },
  )
  server.get(
    `${prefix}/:membershipId`,
    {
      schema: {
        ...ofProjects,
        operationId: `get${name}`,
        summary: 'One person in a project',
        params: personParams,
        response: { 200: personMembershipResponse, ...refused },
      },
    },
    async (request) => {
      const { projectId, membershipId } = request.params
      return personOf(dependencies, await enter(dependencies, request, projectId), { memberId: membershipId })
    },
  )
  server.post(
    `${prefix}/details`,
    {
      schema: {
        ...ofProjects,
        operationId: `find${name}`,
        summary: 'One person in a project, by their e-mail address',
        params: projectParams,
        body: findPersonRequest,
        response: { 200: personMembershipResponse, ...refused },
      },
    },
    async (request) => {
      const entered = await enter(dependencies, request, request.params.projectId)
      return personOf(dependencies, entered, { email: request.body.username })
    },
  )
}

function registerReadByUser(server: HttpServer, dependencies: Dependencies): void {
  server.get(
    '/api/v1/projects/:projectId/user/:userId/membership',
    {
      schema: {
        ...ofProjects,
        operationId: 'getProjectMemberByUser',
        summary: 'One person in a project, by their own id',
        params: userInProjectParams,
        response: { 200: personMembershipResponse, ...refused },
      },
    },
    async (request) => {
      const { projectId, userId } = request.params
      return personOf(dependencies, await enter(dependencies, request, projectId), { userId })
    },
  )
}

function registerAdditions(
  server: HttpServer,
  { authenticate, changeMembers }: Dependencies,
  prefix: Prefix,
  name: string,
): void {
  server.post(
    prefix,
    {
      schema: {
        ...ofProjects,
        operationId: `add${name}s`,
        summary: 'Add people of the organization to a project, all of them or none',
        description: 'With no role beyond the caller’s own.',
        params: projectParams,
        body: addPeopleRequest,
        response: { 200: peopleMembershipsResponse, ...refused },
      },
    },
    async (request) => {
      const { usernames, emails, roleSlugs } = request.body
      const roles = (roleSlugs ?? ['member']).map((role) => ({ role, time: null }))
      const origin = await originOf(authenticate, request)
      const addresses = [...(usernames ?? []), ...(emails ?? [])]
      const added = await changeMembers.addPeople(origin, request.params, addresses, roles)
      return { memberships: added.map(addedPersonBody) }
    },
  )
  server.delete(
    prefix,
    {
      schema: {
        ...ofProjects,
        operationId: `remove${name}s`,
        summary: 'Take people out of a project, all of them or none',
        params: projectParams,
        body: removePeopleRequest,
        response: { 200: peopleMembershipsResponse, ...refused },
      },
    },
    async (request) => {
      const { usernames, emails } = request.body
      const origin = await originOf(authenticate, request)
      const addresses = new Set([...(usernames ?? []), ...(emails ?? [])])
      const removed = await changeMembers.remove(
        origin,
        request.params,
        [...addresses].map((email) => ({ email })),
      )
      return { memberships: removed.map(addedPersonBody) }
    },
  )
}

function registerChanges(
  server: HttpServer,
  { authenticate, changeMembers }: Dependencies,
  prefix: Prefix,
  name: string,
): void {
  server.patch(
    `${prefix}/:membershipId`,
    {
      schema: {
        ...ofProjects,
        operationId: `update${name}`,
        summary: 'Give a person other roles in a project, in the place of those that they have',
        params: personParams,
        body: changeRolesRequest,
        response: { 200: changedRolesResponse, ...refused },
      },
    },
    async (request) => {
      const { projectId, membershipId: personMembershipId } = request.params
      const roles = request.body.roles.map(wantedRole)
      const origin = await originOf(authenticate, request)
      return changedRolesBody(
        await changeMembers.setRoles(origin, { projectId }, { personMembershipId }, roles),
      )
    },
  )
  server.delete(
    `${prefix}/:membershipId`,
    {
      schema: {
        ...ofProjects,
        operationId: `remove${name}`,
        summary: 'Take a person out of a project',
        params: personParams,
        response: { 200: removedPersonResponse, ...refused },
      },
    },
    async (request) => {
      const { projectId, membershipId: personMembershipId } = request.params
      const origin = await originOf(authenticate, request)
      const [member] = await changeMembers.remove(origin, { projectId }, [{ personMembershipId }])
      if (member === undefined) throw noSuchMember()
      return { membership: addedPersonBody(member) }
    },
  )
}
