import type { AuditEvent } from '../audit/audit-event.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { invalidField } from '../http/validation-failure.ts'
import { hashPassword } from '../users/hash-password.ts'
import { passwordProblem } from '../users/password-problem.ts'
import { hashSecretToken } from '../users/secret-token.ts'
import { type SignInLimits, tooManyWrongPasswords } from '../users/sign-in-limits.ts'
import type { UserStore } from '../users/user-store.ts'
import type { VerifyPassword } from '../users/verify-password.ts'
import type { FindInvitation } from './find-invitation.ts'
import type { FoundInvitation, InvitationStore } from './invitation-store.ts'
import type { MemberStore } from './member-store.ts'

export interface AcceptInvitationDependencies {
  findInvitation: FindInvitation
  users: Pick<UserStore, 'findCredentials'>
  commit: Commit<{
    invitations: Pick<InvitationStore, 'take'>
    users: Pick<UserStore, 'create'>
    members: Pick<MemberStore, 'add'>
    audit: ChangeAudit
  }>
  verifyPassword: VerifyPassword
  limits: SignInLimits
  now: () => Date
}

export interface AcceptCall {
  token: string
  password: string
  name: string | undefined
  requestId: string
  ipAddress: string
}

interface AcceptedPerson {
  id: string
  email: string
  name: string
}

export interface AcceptedInvitation {
  user: AcceptedPerson
  organization: FoundInvitation['organization']
}

/**
 * The link alone lets nobody in: who made it has it too. A person with an account shows its password; for an address without
 * one the account is made.
 */
export type AcceptInvitation = (call: AcceptCall) => Promise<AcceptedInvitation>

export function createAcceptInvitation(dependencies: AcceptInvitationDependencies): AcceptInvitation {
  const { findInvitation, users, commit } = dependencies
  return async (call) => {
    const tokenHash = hashSecretToken(call.token)
    const invitation = await findInvitation(tokenHash)
    if (invitation === undefined) throw invitationUnknown()
    const { email, organization } = invitation
    const known = await users.findCredentials({ email })
    if (known !== undefined) await checkPassword(dependencies, call, known)
    const passwordHash = known === undefined ? await hashNew(call, invitation) : known.passwordHash
    return commit(async (within) => {
      const taken = await within.invitations.take(tokenHash)
      if (taken === undefined) throw invitationUnknown()
      const user = known ?? (await within.users.create({ email, name: call.name ?? '', passwordHash }))
      // Somebody else made it since: then the password is to be checked, and is not.
      if (user === undefined) throw new ApiError('BadRequest', 'The account was made meanwhile: try again')
      const { organizationId, role } = taken
      const member = await within.members.add({ organizationId, userId: user.id, role })
      if (member === undefined)
        throw new ApiError('BadRequest', 'You are a member of the organization already')
      const details = { email, invitationId: taken.id, membershipId: member.id, role }
      for (const event of eventsOf(known === undefined))
        await within.audit.record({
          ...rowOf(call, user, organizationId, dependencies.now()),
          event,
          details,
        })
      return { user: { id: user.id, email, name: user.name }, organization }
    })
  }
}

/** The same whatever it died of: whoever guesses learns nothing. */
export function invitationUnknown(): ApiError {
  return new ApiError(
    'NotFound',
    'The invitation does not exist, was used or withdrawn, is older than 7 days, or comes from somebody who may no longer make it',
  )
}

async function checkPassword(
  { verifyPassword, limits }: AcceptInvitationDependencies,
  { password, ipAddress }: AcceptCall,
  known: { email: string; passwordHash: string; isDisabled: boolean },
): Promise<void> {
  const attempt = limits.admit({ account: known.email, ipAddress })
  if ('retryAfterSeconds' in attempt) throw tooManyWrongPasswords(attempt.retryAfterSeconds)
  if (!(await verifyPassword(known.passwordHash, password)) || known.isDisabled)
    throw new ApiError('Unauthorized', 'The password is not that of the account with this e-mail address')
  attempt.succeeded()
}

async function hashNew({ password }: AcceptCall, { email, organization }: FoundInvitation): Promise<string> {
  if (password.length < 8) throw invalidField('password', 'The password needs at least 8 characters')
  if (!password.isWellFormed()) throw invalidField('password', 'The password is not well-formed Unicode')
  const problem = passwordProblem(password, { email, organization: organization.name })
  if (problem !== undefined) throw invalidField('password', `The password ${problem}`)
  return hashPassword(password)
}

function eventsOf(isNew: boolean): AuditEvent['event'][] {
  return isNew ? ['user-created', 'member-invitation-accepted'] : ['member-invitation-accepted']
}

function rowOf(
  { requestId, ipAddress }: AcceptCall,
  user: AcceptedPerson,
  organizationId: string,
  occurredAt: Date,
) {
  return {
    occurredAt,
    organizationId,
    requestId,
    outcome: 'success' as const,
    actor: { kind: 'user' as const, id: user.id },
    ipAddress,
  }
}
