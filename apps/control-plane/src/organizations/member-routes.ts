import { refusals } from '@postern/api-contract/error-envelope'
import {
  listMembersQuery,
  listMembersResponse,
  memberParams,
  type MembershipBody,
  membershipResponse,
  organizationIdParams,
  passwordResetResponse,
  updateMemberRequest,
} from '@postern/api-contract/organizations'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type { PersonLinks } from '../users/person-links.ts'
import { personBody } from '../users/person-body.ts'
import { type ChangeMembers, memberUnknown } from './change-members.ts'
import { enterOrganization } from './enter-organization.ts'
import type { Member, MemberStore } from './member-store.ts'

export interface MemberRoutesDependencies {
  authenticate: Authenticate
  members: Pick<MemberStore, 'list' | 'findMembership'>
  changeMembers: ChangeMembers
  links: PersonLinks
}

const tags = ['Members']
const security = [{ accessToken: [] }, { session: [] }, { sessionCookie: [] }]
const collection = '/api/v2/organizations/:organizationId/memberships'
const item = `${collection}/:membershipId` as const

export function registerMemberRoutes(server: HttpServer, dependencies: MemberRoutesDependencies): void {
  registerReads(server, dependencies)
  registerChanges(server, dependencies)
  registerPasswordReset(server, dependencies)
}

function registerReads(server: HttpServer, { authenticate, members }: MemberRoutesDependencies): void {
  server.get(
    collection,
    {
      schema: {
        operationId: 'listMembers',
        tags,
        security,
        summary: 'The people of the organization, oldest membership first',
        params: organizationIdParams,
        querystring: listMembersQuery,
        response: { 200: listMembersResponse, ...refusals(401, 403, 404, 422) },
      },
    },
    async (request) => {
      const { organizationId } = request.params
      const { actor } = await enterOrganization(authenticate, request, organizationId)
      requirePermission(actor, 'read', 'members')
      const page = await members.list(organizationId, request.query)
      return { users: page.members.map(membershipBody), totalCount: page.totalCount }
    },
  )

  server.get(
    item,
    {
      schema: {
        operationId: 'getMember',
        tags,
        security,
        summary: 'One person of the organization',
        params: memberParams,
        response: { 200: membershipResponse, ...refusals(401, 403, 404) },
      },
    },
    async (request) => {
      const { organizationId, membershipId } = request.params
      const { actor } = await enterOrganization(authenticate, request, organizationId)
      requirePermission(actor, 'read', 'members')
      const member = await members.findMembership(organizationId, membershipId)
      if (member === undefined) throw memberUnknown()
      return { membership: membershipBody(member) }
    },
  )
}

function registerChanges(
  server: HttpServer,
  { authenticate, changeMembers }: MemberRoutesDependencies,
): void {
  server.patch(
    item,
    {
      schema: {
        operationId: 'updateMember',
        tags,
        security,
        summary: 'Change a member’s role, disable or enable a member',
        description:
          'Nobody grants, or changes who has, more rights than their own. The last enabled admin stays one.',
        params: memberParams,
        body: updateMemberRequest,
        response: { 200: membershipResponse, ...refusals(400, 401, 403, 404, 422) },
      },
    },
    async (request) => {
      const { organizationId, membershipId } = request.params
      const origin = await enterOrganization(authenticate, request, organizationId)
      const { role, isActive } = request.body
      const isDisabled = isActive === undefined ? undefined : !isActive
      const member = await changeMembers.update(origin, membershipId, { role, isDisabled })
      return { membership: membershipBody(member) }
    },
  )

  server.delete(
    item,
    {
      schema: {
        operationId: 'removeMember',
        tags,
        security,
        summary: 'Remove a member; the account stays, its sessions in the organization end at once',
        params: memberParams,
        response: { 200: membershipResponse, ...refusals(400, 401, 403, 404) },
      },
    },
    async (request) => {
      const { organizationId, membershipId } = request.params
      const origin = await enterOrganization(authenticate, request, organizationId)
      return { membership: membershipBody(await changeMembers.remove(origin, membershipId)) }
    },
  )
}

function registerPasswordReset(
  server: HttpServer,
  { authenticate, changeMembers, links }: MemberRoutesDependencies,
): void {
  server.post(
    `${item}/password-reset`,
    {
      schema: {
        operationId: 'createPasswordReset',
        tags,
        security,
        summary: 'Make a link by which a member sets a new password',
        description:
          'Works once, for a day; a new one replaces it. Only for members of no other organization, and by somebody who ' +
          'has at least the member’s rights.',
        params: memberParams,
        response: { 200: passwordResetResponse, ...refusals(400, 401, 403, 404) },
      },
    },
    async (request) => {
      const { organizationId, membershipId } = request.params
      const origin = await enterOrganization(authenticate, request, organizationId)
      const { token, expiresAt } = await changeMembers.createPasswordReset(origin, membershipId)
      return { link: links.passwordReset(token), token, expiresAt: expiresAt.toISOString() }
    },
  )
}

function membershipBody(member: Member): MembershipBody {
  const { id, organizationId: orgId, userId, email, name, role, isDisabled } = member
  return {
    id,
    orgId,
    userId,
    role,
    isActive: !isDisabled,
    status: 'accepted',
    createdAt: member.createdAt.toISOString(),
    updatedAt: member.updatedAt.toISOString(),
    user: {
      ...personBody({ id: userId, email, name }),
      lastLoginAt: member.lastLoginAt?.toISOString() ?? null,
    },
  }
}
