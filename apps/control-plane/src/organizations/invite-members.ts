import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { type ChangeOrigin, orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import type { OrganizationRoleStore } from '../organization-roles/organization-role-store.ts'
import { requireGrantableRole } from '../organization-roles/require-grantable-role.ts'
import { auditActorOf } from '../permissions/actor.ts'
import { makerOf } from '../permissions/maker.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import { createSecretToken, hashSecretToken } from '../users/secret-token.ts'
import type { Invitation, InvitationStore } from './invitation-store.ts'
import type { MemberStore } from './member-store.ts'
import type { OrganizationStore } from './organization-store.ts'

export interface InviteMembersDependencies {
  members: Pick<MemberStore, 'findMembersByEmail'>
  organizations: Pick<OrganizationStore, 'read'>
  commit: Commit<{
    invitations: Pick<InvitationStore, 'create' | 'findPending' | 'revoke'>
    organizationRoles: Pick<OrganizationRoleStore, 'hold'>
    audit: ChangeAudit
  }>
  auditLog: AuditLog
  now: () => Date
}

/** Whoever replaces or withdraws an invitation could make it: none is taken from those who have more. */
export interface InviteMembers {
  /** Into the actor's organization. The token is nowhere but in the answer. */
  invite(
    origin: ChangeOrigin,
    invited: { email: string; role: string | undefined },
  ): Promise<{ invitation: Invitation; token: string }>
  revoke(origin: ChangeOrigin, invitationId: string): Promise<Invitation>
}

export function createInviteMembers(dependencies: InviteMembersDependencies): InviteMembers {
  return {
    invite: (origin, invited) => {
      const attempt = { event: 'member-invited', details: { email: invited.email } } as const
      return orTellDenied(dependencies, origin, attempt, () => invite(dependencies, origin, invited))
    },
    revoke: (origin, invitationId) => {
      const attempt = { event: 'member-invitation-revoked', details: { invitationId } } as const
      return orTellDenied(dependencies, origin, attempt, () => revoke(dependencies, origin, invitationId))
    },
  }
}

async function invite(
  dependencies: InviteMembersDependencies,
  origin: ChangeOrigin,
  invited: { email: string; role: string | undefined },
): Promise<{ invitation: Invitation; token: string }> {
  const { members, organizations, commit } = dependencies
  const { actor } = origin
  const { organizationId } = actor
  const { email } = invited
  requirePermission(actor, 'create', 'members')
  const role = invited.role ?? (await organizations.read(organizationId))?.defaultMemberRole ?? 'no-access'
  const [member] = await members.findMembersByEmail(organizationId, [email])
  if (member !== undefined) throw new ApiError('BadRequest', 'This person is a member already')
  const token = createSecretToken('pinv_')
  return commit(async ({ invitations, organizationRoles, audit }) => {
    await requireGrantableRole(organizationRoles, actor, role)
    const pending = await invitations.findPending(organizationId, { email })
    if (pending !== undefined) await requireGrantableRole(organizationRoles, actor, pending.role)
    const [tokenHash, madeBy, replaces] = [hashSecretToken(token), makerOf(actor), pending?.id]
    const invitation = await invitations.create({ organizationId, email, role, tokenHash, madeBy, replaces })
    if (invitation === undefined)
      throw new ApiError('BadRequest', 'The address was invited at the same time: look at it, and try again')
    await audit.record(invitationEvent(dependencies, origin, invitation, 'member-invited'))
    return { invitation, token }
  })
}

async function revoke(
  dependencies: InviteMembersDependencies,
  origin: ChangeOrigin,
  invitationId: string,
): Promise<Invitation> {
  const { actor } = origin
  const { organizationId } = actor
  requirePermission(actor, 'create', 'members')
  return dependencies.commit(async ({ invitations, organizationRoles, audit }) => {
    const pending = await invitations.findPending(organizationId, { invitationId })
    if (pending === undefined) throw notPending()
    // The role before the invitation, as whoever renames a role: neither waits for the other in a circle.
    await requireGrantableRole(organizationRoles, actor, pending.role)
    const invitation = await invitations.revoke(organizationId, invitationId)
    if (invitation === undefined) throw notPending()
    await audit.record(invitationEvent(dependencies, origin, invitation, 'member-invitation-revoked'))
    return invitation
  })
}

function notPending(): ApiError {
  return new ApiError('NotFound', 'There is no such invitation in your organization')
}

function invitationEvent(
  { now }: InviteMembersDependencies,
  { actor, requestId, ipAddress }: ChangeOrigin,
  { id, organizationId, email, role }: Invitation,
  event: AuditEvent['event'],
): AuditEvent {
  return {
    occurredAt: now(),
    organizationId,
    requestId,
    event,
    outcome: 'success',
    actor: auditActorOf(actor),
    ipAddress,
    details: { invitationId: id, email, role },
  }
}
