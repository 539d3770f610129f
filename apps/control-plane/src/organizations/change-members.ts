import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { type ChangeOrigin, orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import type { OrganizationRoleStore } from '../organization-roles/organization-role-store.ts'
import { requireGrantableRole } from '../organization-roles/require-grantable-role.ts'
import { type Actor, auditActorOf } from '../permissions/actor.ts'
import type { RightsOf } from '../permissions/organization-rights.ts'
import { makerOf } from '../permissions/maker.ts'
import { requirePermission, requireRightsWithin } from '../permissions/require-permission.ts'
import type { PasswordResetStore } from '../users/password-reset-store.ts'
import { createSecretToken, hashSecretToken } from '../users/secret-token.ts'
import type { SessionStore } from '../users/session-store.ts'
import type { Member, MemberChange, MemberOutcome, MemberStore } from './member-store.ts'

export interface ChangeMembersDependencies {
  members: Pick<MemberStore, 'findMembership'>
  commit: Commit<{
    members: Pick<MemberStore, 'update' | 'remove'>
    organizationRoles: Pick<OrganizationRoleStore, 'hold'>
    sessions: Pick<SessionStore, 'endInOrganization'>
    passwordResets: Pick<PasswordResetStore, 'create' | 'revoke'>
    audit: ChangeAudit
  }>
  rightsOf: RightsOf
  /** Whether the actor has at least the person's rights in their projects. Throws PermissionDenied. */
  requireWithinProjects: (
    actor: Actor,
    person: { readonly kind: 'user'; readonly userId: string },
  ) => Promise<void>
  auditLog: AuditLog
  now: () => Date
}

export interface PasswordResetLink {
  token: string
  expiresAt: Date
}

/** Of the actor's own organization. Whoever changes a member has at least the rights that the member has, and gets. */
export interface ChangeMembers {
  update(origin: ChangeOrigin, membershipId: string, change: MemberChange): Promise<Member>
  remove(origin: ChangeOrigin, membershipId: string): Promise<Member>
  /** For the person to set a password anew, without the old one. */
  createPasswordReset(origin: ChangeOrigin, membershipId: string): Promise<PasswordResetLink>
}

export function createChangeMembers(dependencies: ChangeMembersDependencies): ChangeMembers {
  const tellDenied = <Result>(
    origin: ChangeOrigin,
    event: AuditEvent['event'],
    membershipId: string,
    change: () => Promise<Result>,
  ): Promise<Result> => orTellDenied(dependencies, origin, { event, details: { membershipId } }, change)
  return {
    update: (origin, membershipId, change) =>
      tellDenied(origin, eventOf(change), membershipId, () =>
        update(dependencies, origin, membershipId, change),
      ),
    remove: (origin, membershipId) =>
      tellDenied(origin, 'member-removed', membershipId, () => remove(dependencies, origin, membershipId)),
    createPasswordReset: (origin, membershipId) =>
      tellDenied(origin, 'user-password-reset-link-created', membershipId, () =>
        createPasswordReset(dependencies, origin, membershipId),
      ),
  }
}

/** The same words for a member of another organization as for one that does not exist. */
export function memberUnknown(): ApiError {
  return new ApiError('NotFound', 'There is no such member in your organization')
}

async function update(
  dependencies: ChangeMembersDependencies,
  origin: ChangeOrigin,
  membershipId: string,
  change: MemberChange,
): Promise<Member> {
  const { actor } = origin
  requirePermission(actor, 'edit', 'members')
  const before = await findWithin(dependencies, origin, membershipId)
  return dependencies.commit(async ({ members, organizationRoles, sessions, passwordResets, audit }) => {
    if (change.role !== undefined) await requireGrantableRole(organizationRoles, actor, change.role)
    const member = memberOf(await members.update(before, change))
    // Links before sessions, as whoever follows one: neither waits for the other in a circle.
    // Whoever made one was judged by the member's rights of then.
    await passwordResets.revoke(member.userId, member.organizationId)
    if (change.isDisabled === true) await sessions.endInOrganization(member.userId, member.organizationId)
    const details = { role: member.role, roleBefore: before.role, isDisabled: member.isDisabled }
    await audit.record(memberEvent(dependencies, origin, member, eventOf(change), details))
    return member
  })
}

async function remove(
  dependencies: ChangeMembersDependencies,
  origin: ChangeOrigin,
  membershipId: string,
): Promise<Member> {
  requirePermission(origin.actor, 'delete', 'members')
  const before = await findWithin(dependencies, origin, membershipId)
  return dependencies.commit(async ({ members, sessions, passwordResets, audit }) => {
    const member = memberOf(await members.remove(before))
    await passwordResets.revoke(member.userId, member.organizationId)
    await sessions.endInOrganization(member.userId, member.organizationId)
    await audit.record(memberEvent(dependencies, origin, member, 'member-removed', { role: member.role }))
    return member
  })
}

async function createPasswordReset(
  dependencies: ChangeMembersDependencies,
  origin: ChangeOrigin,
  membershipId: string,
): Promise<PasswordResetLink> {
  const { actor } = origin
  requirePermission(actor, 'edit', 'members')
  const member = await findWithin(dependencies, origin, membershipId)
  if (actor.kind === 'user' && actor.userId === member.userId)
    throw new ApiError(
      'BadRequest',
      'Change your own password by the old one: POST /api/v2/users/me/password',
    )
  const token = createSecretToken('prst_')
  return dependencies.commit(async ({ passwordResets, audit }) => {
    const { organizationId, userId, role } = member
    const tokenHash = hashSecretToken(token)
    const madeBy = makerOf(actor)
    const reset = await passwordResets.create({ organizationId, userId, role, tokenHash, madeBy })
    if (reset === undefined) throw resetNotPossible()
    const expiresAt = reset.expiresAt.toISOString()
    const event = 'user-password-reset-link-created'
    await audit.record(memberEvent(dependencies, origin, member, event, { expiresAt }))
    return { token, expiresAt: reset.expiresAt }
  })
}

/** The member, whose rights the actor has too. */
async function findWithin(
  { members, rightsOf, requireWithinProjects }: ChangeMembersDependencies,
  { actor }: ChangeOrigin,
  membershipId: string,
): Promise<Member> {
  const member = await members.findMembership(actor.organizationId, membershipId)
  if (member === undefined) throw memberUnknown()
  requireRightsWithin(actor, await rightsOf(member.organizationId, member.role))
  await requireWithinProjects(actor, { kind: 'user', userId: member.userId })
  return member
}

const refusalOf: Record<Exclude<MemberOutcome['kind'], 'done'>, () => ApiError> = {
  unknown: memberUnknown,
  'last-admin': () =>
    new ApiError('BadRequest', 'This is the last enabled admin of the organization: make another one first'),
  'role-changed': () =>
    new ApiError('BadRequest', 'The member’s role was changed at the same time: look at it, and try again'),
}

function memberOf(outcome: MemberOutcome): Member {
  if (outcome.kind === 'done') return outcome.member
  throw refusalOf[outcome.kind]()
}

function resetNotPossible(): ApiError {
  return new ApiError(
    'BadRequest',
    'There is no link to a new password for a member who is disabled, who belongs to another organization too, or whose ' +
      'role was changed at the same time',
  )
}

function eventOf({ isDisabled }: MemberChange): AuditEvent['event'] {
  if (isDisabled === undefined) return 'member-updated'
  return isDisabled ? 'member-disabled' : 'member-enabled'
}

function memberEvent(
  { now }: ChangeMembersDependencies,
  { actor, requestId, ipAddress }: ChangeOrigin,
  member: Member,
  event: AuditEvent['event'],
  details: AuditEvent['details'],
): AuditEvent {
  return {
    occurredAt: now(),
    organizationId: member.organizationId,
    requestId,
    event,
    outcome: 'success',
    actor: auditActorOf(actor),
    ipAddress,
    details: { membershipId: member.id, target: member.userId, email: member.email, ...details },
  }
}
