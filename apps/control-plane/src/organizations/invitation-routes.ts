import { refusals } from '@postern/api-contract/error-envelope'
import {
  acceptInvitationResponse,
  type InvitationBody,
  invitationForInvited,
  invitationParams,
  invitationResponse,
  inviteMemberRequest,
  inviteMemberResponse,
  listInvitationsQuery,
  listInvitationsResponse,
  organizationIdParams,
} from '@postern/api-contract/organizations'
import { acceptInvitationRequest } from '@postern/api-contract/people'
import type { HttpServer } from '../http/http-server.ts'
import type { Authenticate } from '../permissions/actor.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type { PersonLinks } from '../users/person-links.ts'
import { personBody } from '../users/person-body.ts'
import { hashSecretToken } from '../users/secret-token.ts'
import { type AcceptInvitation, invitationUnknown } from './accept-invitation.ts'
import { enterOrganization } from './enter-organization.ts'
import type { FindInvitation } from './find-invitation.ts'
import type { Invitation, InvitationStore } from './invitation-store.ts'
import type { InviteMembers } from './invite-members.ts'

export interface InvitationRoutesDependencies {
  authenticate: Authenticate
  invitations: Pick<InvitationStore, 'list'>
  findInvitation: FindInvitation
  inviteMembers: InviteMembers
  acceptInvitation: AcceptInvitation
  links: PersonLinks
}

const tags = ['Members']
const security = [{ accessToken: [] }, { session: [] }, { sessionCookie: [] }]
const collection = '/api/v1/organization/:organizationId/invitations'

export function registerInvitationRoutes(
  server: HttpServer,
  dependencies: InvitationRoutesDependencies,
): void {
  registerForMembers(server, dependencies)
  registerForInvited(server, dependencies)
}

function registerForMembers(
  server: HttpServer,
  { authenticate, invitations, inviteMembers, links }: InvitationRoutesDependencies,
): void {
  server.post(
    collection,
    {
      schema: {
        operationId: 'inviteMember',
        tags,
        security,
        summary: 'Invite a person by a link',
        description:
          'No mail is sent: hand the link over yourself. It works once, for 7 days, while you have the rights that it took; inviting ' +
          'the same address again replaces it, for who has the rights of the role that it was for.',
        params: organizationIdParams,
        body: inviteMemberRequest,
        response: { 200: inviteMemberResponse, ...refusals(400, 401, 403, 404, 422) },
      },
    },
    async (request) => {
      const origin = await enterOrganization(authenticate, request, request.params.organizationId)
      const { email, role } = request.body
      const { invitation, token } = await inviteMembers.invite(origin, { email, role })
      return { invitation: invitationBody(invitation), link: links.invitation(token), token }
    },
  )

  server.get(
    collection,
    {
      schema: {
        operationId: 'listInvitations',
        tags,
        security,
        summary: 'Invitations that nobody has accepted yet',
        params: organizationIdParams,
        querystring: listInvitationsQuery,
        response: { 200: listInvitationsResponse, ...refusals(401, 403, 404, 422) },
      },
    },
    async (request) => {
      const { organizationId } = request.params
      const { actor } = await enterOrganization(authenticate, request, organizationId)
      requirePermission(actor, 'read', 'members')
      const page = await invitations.list(organizationId, request.query)
      return { invitations: page.invitations.map(invitationBody), totalCount: page.totalCount }
    },
  )

  server.delete(
    `${collection}/:invitationId`,
    {
      schema: {
        operationId: 'revokeInvitation',
        tags,
        security,
        summary: 'Withdraw an invitation; its link is dead at once',
        params: invitationParams,
        response: { 200: invitationResponse, ...refusals(401, 403, 404) },
      },
    },
    async (request) => {
      const { organizationId, invitationId } = request.params
      const origin = await enterOrganization(authenticate, request, organizationId)
      return { invitation: invitationBody(await inviteMembers.revoke(origin, invitationId)) }
    },
  )
}

/** The token comes in the header: what stands in a URL is written down by every proxy on the way. */
const invitationBearer = /^bearer (pinv_[\w-]{43})$/i

function registerForInvited(
  server: HttpServer,
  { findInvitation, acceptInvitation }: InvitationRoutesDependencies,
): void {
  server.get(
    '/api/v1/invitation',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'getInvitation',
        tags,
        security: [{ invitation: [] }],
        summary: 'What an invitation is for',
        description: 'Send the token of the link, which starts with `pinv_`: `Authorization: Bearer …`',
        response: { 200: invitationForInvited, ...refusals(404, 429) },
      },
    },
    async (request) => {
      const [, token] = invitationBearer.exec(request.headers.authorization ?? '') ?? []
      const found = token === undefined ? undefined : await findInvitation(hashSecretToken(token))
      if (found === undefined) throw invitationUnknown()
      const { email, role, expiresAt, hasAccount } = found
      const { id, name } = found.organization
      return {
        invitation: {
          email,
          role,
          expiresAt: expiresAt.toISOString(),
          organization: { id, name },
          hasAccount,
        },
      }
    },
  )

  server.post(
    '/api/v1/invitation/accept',
    {
      config: { isForStrangers: true },
      schema: {
        operationId: 'acceptInvitation',
        tags,
        summary: 'Accept an invitation',
        description:
          'Makes the account, or joins the one that the address has: then the password must be its own. Sign in afterwards.',
        body: acceptInvitationRequest,
        response: { 200: acceptInvitationResponse, ...refusals(400, 401, 404, 422, 429, 503) },
      },
    },
    async (request) => {
      const { token, password, name } = request.body
      const { user, organization } = await acceptInvitation({
        token,
        password,
        name,
        requestId: request.id,
        ipAddress: request.ip,
      })
      return { message: 'You are a member now: sign in', user: personBody(user), organization }
    },
  )
}

function invitationBody(invitation: Invitation): InvitationBody {
  const { id, organizationId: orgId, email, role } = invitation
  return {
    id,
    orgId,
    email,
    role,
    createdAt: invitation.createdAt.toISOString(),
    expiresAt: invitation.expiresAt.toISOString(),
  }
}
