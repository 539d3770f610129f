import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { invalidField } from '../http/validation-failure.ts'
import type { FindPasswordReset } from './find-password-reset.ts'
import { hashPassword } from './hash-password.ts'
import { type PersonOrigin, personEvent } from './own-session.ts'
import { passwordProblem } from './password-problem.ts'
import type { PasswordReset, PasswordResetStore } from './password-reset-store.ts'
import { hashSecretToken } from './secret-token.ts'
import type { SessionStore } from './session-store.ts'
import { createSessionToken } from './session-token.ts'
import { organizationsOf } from './sign-in.ts'
import { type SignInLimits, tooManyWrongPasswords } from './sign-in-limits.ts'
import type { UserCredentials, UserStore } from './user-store.ts'
import type { VerifyPassword } from './verify-password.ts'

export interface ChangePasswordDependencies {
  users: Pick<UserStore, 'findCredentials'>
  findPasswordReset: FindPasswordReset
  commit: Commit<{
    users: Pick<UserStore, 'changePassword' | 'setPassword'>
    sessions: Pick<SessionStore, 'endAll' | 'rotate'>
    passwordResets: Pick<PasswordResetStore, 'take' | 'revoke'>
    audit: ChangeAudit
  }>
  verifyPassword: VerifyPassword
  limits: SignInLimits
  auditLog: AuditLog
  now: () => Date
}

export interface PasswordChange {
  /** By the old password. Ends all other sessions; resolves with a new token for this one. */
  change(origin: PersonOrigin, passwords: { oldPassword: string; newPassword: string }): Promise<string>
  /** By the link that an admin made. Ends all sessions. */
  reset(call: { token: string; newPassword: string; requestId: string; ipAddress: string }): Promise<void>
}

export function createPasswordChange(dependencies: ChangePasswordDependencies): PasswordChange {
  return {
    change: (origin, passwords) => change(dependencies, origin, passwords),
    reset: (call) => reset(dependencies, call),
  }
}

async function change(
  dependencies: ChangePasswordDependencies,
  origin: PersonOrigin,
  { oldPassword, newPassword }: { oldPassword: string; newPassword: string },
): Promise<string> {
  const { session } = origin.person
  const person = await dependencies.users.findCredentials({ userId: session.userId })
  if (person === undefined) throw new ApiError('Unauthorized', 'The account no longer exists')
  await checkOldPassword(dependencies, origin, person, oldPassword)
  if (newPassword === oldPassword) throw invalidField('newPassword', 'The password is the old one')
  checkNewPassword(newPassword, person.email)
  const to = await hashPassword(newPassword)
  const token = createSessionToken()
  await dependencies.commit(async ({ users, sessions, passwordResets, audit }) => {
    // Links, the person, sessions: in the order of `reset`, so that neither waits for the other in a circle.
    await passwordResets.revoke(person.id)
    // It locks the person: a sign-in by the old password at the same time is then ended or never begun.
    if (!(await users.changePassword(person.id, { from: person.passwordHash, to })))
      throw new ApiError('BadRequest', 'The password was changed at the same time')
    const ended = await sessions.endAll(person.id, { sessionId: session.id })
    await sessions.rotate(session.id, hashSecretToken(token))
    for (const row of passwordEvents(dependencies, origin, person, { endedSessions: ended }))
      await audit.record(row)
  })
  return token
}

async function checkOldPassword(
  dependencies: ChangePasswordDependencies,
  origin: PersonOrigin,
  person: UserCredentials,
  password: string,
): Promise<void> {
  const { limits, verifyPassword, auditLog } = dependencies
  const attempt = limits.admit({ account: person.email, ipAddress: origin.ipAddress })
  if ('retryAfterSeconds' in attempt) throw tooManyWrongPasswords(attempt.retryAfterSeconds)
  if (await verifyPassword(person.passwordHash, password)) return attempt.succeeded()
  for (const row of passwordEvents(dependencies, origin, person, {}))
    await auditLog.record({ ...row, outcome: 'denied', reason: 'credentials-wrong' })
  throw new ApiError('Forbidden', 'The old password is wrong')
}

async function reset(
  { findPasswordReset, commit, now }: ChangePasswordDependencies,
  { token, newPassword, requestId, ipAddress }: Parameters<PasswordChange['reset']>[0],
): Promise<void> {
  const tokenHash = hashSecretToken(token)
  const found = await findPasswordReset(tokenHash)
  if (found === undefined) throw linkUnknown()
  checkNewPassword(newPassword, found.email)
  const passwordHash = await hashPassword(newPassword)
  await commit(async ({ users, sessions, passwordResets, audit }) => {
    const taken: PasswordReset | undefined = await passwordResets.take(tokenHash)
    if (taken === undefined) throw linkUnknown()
    const { userId, email, organizationId } = taken
    await users.setPassword(userId, passwordHash)
    const endedSessions = await sessions.endAll(userId)
    await audit.record({
      occurredAt: now(),
      organizationId,
      requestId,
      event: 'user-password-reset',
      outcome: 'success',
      // Who has a link has proved no more than that.
      actor: { kind: 'stranger' },
      ipAddress,
      details: { target: userId, email, endedSessions },
    })
  })
}

function checkNewPassword(password: string, email: string): void {
  const problem = passwordProblem(password, { email, organization: '' })
  if (problem !== undefined) throw invalidField('newPassword', `The password ${problem}`)
}

function linkUnknown(): ApiError {
  return new ApiError(
    'NotFound',
    'The link does not exist, was used, is older than a day, or comes from somebody who may no longer make it',
  )
}

/** One row for each organization whose admins it concerns. */
function passwordEvents(
  { now }: ChangePasswordDependencies,
  origin: PersonOrigin,
  person: UserCredentials,
  details: AuditEvent['details'],
): AuditEvent[] {
  const event = personEvent(origin, 'user-password-changed', now(), details)
  return organizationsOf(person).map((organizationId) => Object.assign({}, event, { organizationId }))
}
