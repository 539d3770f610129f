import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { hashSecretToken } from './secret-token.ts'
import type { SessionStore } from './session-store.ts'
import { createSessionToken } from './session-token.ts'
import { type SignInLimits, tooManyWrongPasswords } from './sign-in-limits.ts'
import type { UserCredentials, UserStore } from './user-store.ts'
import type { VerifyPassword } from './verify-password.ts'

export interface SignInDependencies {
  users: Pick<UserStore, 'findCredentials'>
  commit: Commit<{
    users: Pick<UserStore, 'recordLogin'>
    sessions: Pick<SessionStore, 'create'>
    audit: ChangeAudit
  }>
  verifyPassword: VerifyPassword
  limits: SignInLimits
  auditLog: AuditLog
  now: () => Date
}

export interface SignInCall {
  /** Lower case. */
  email: string
  password: string
  requestId: string
  ipAddress: string
  userAgent: string
}

export interface BegunSession {
  token: string
  sessionId: string
  userId: string
  expiresAt: Date
}

export type SignIn = (call: SignInCall) => Promise<BegunSession>

type Denial = 'credentials-wrong' | 'user-disabled' | 'rate-limited'

/** Begins a session in no organization. Strangers get one answer for every reason, after the same work. */
export function createSignIn(dependencies: SignInDependencies): SignIn {
  const { users, verifyPassword, limits } = dependencies
  return async (call) => {
    const attempt = limits.admit({ account: call.email, ipAddress: call.ipAddress })
    if ('retryAfterSeconds' in attempt) {
      if (attempt.isNews)
        await recordDenial(dependencies, call, await users.findCredentials(call), 'rate-limited')
      throw tooManyWrongPasswords(attempt.retryAfterSeconds)
    }
    const person = await users.findCredentials(call)
    const isRight = await verifyPassword(person?.passwordHash, call.password)
    if (person === undefined || !isRight) {
      await recordDenial(dependencies, call, person, 'credentials-wrong')
      throw credentialsWrong()
    }
    attempt.succeeded()
    if (isShutOut(person)) {
      await recordDenial(dependencies, call, person, 'user-disabled')
      throw new ApiError('Unauthorized', 'Your account is disabled: ask an admin of your organization')
    }
    return begin(dependencies, call, person)
  }
}

/** Who is disabled wherever they are a member. Who is a member nowhere may still be invited. */
function isShutOut({ isDisabled, memberships }: UserCredentials): boolean {
  return isDisabled || (memberships.length > 0 && memberships.every((membership) => membership.isDisabled))
}

async function begin(
  { commit, now }: SignInDependencies,
  call: SignInCall,
  person: UserCredentials,
): Promise<BegunSession> {
  const token = createSessionToken()
  const { ipAddress, userAgent } = call
  return commit(async ({ users, sessions, audit }) => {
    // Locks the person: of a sign-in and a change of the password at once, the session is ended or never begun.
    if (!(await users.recordLogin(person.id, person.passwordHash))) throw credentialsWrong()
    const { id, expiresAt } = await sessions.create({
      userId: person.id,
      tokenHash: hashSecretToken(token),
      ipAddress,
      userAgent: userAgent.slice(0, 255),
    })
    const details = { email: person.email, sessionId: id }
    for (const event of loginEvents(call, person, now()))
      await audit.record({ ...event, outcome: 'success', actor: { kind: 'user', id: person.id }, details })
    return { token, sessionId: id, userId: person.id, expiresAt }
  })
}

async function recordDenial(
  { auditLog, now }: SignInDependencies,
  call: SignInCall,
  person: UserCredentials | undefined,
  reason: Denial,
): Promise<void> {
  // An address that nobody knows is not written down: people mistake the fields, and it may be a password.
  const details = person === undefined ? { account: 'unknown' } : { email: person.email, target: person.id }
  for (const event of loginEvents(call, person, now()))
    await auditLog.record({ ...event, outcome: 'denied', reason, actor: { kind: 'stranger' }, details })
}

/** One row for each organization whose admins it concerns. */
function loginEvents(
  { requestId, ipAddress }: SignInCall,
  person: UserCredentials | undefined,
  occurredAt: Date,
): Pick<AuditEvent, 'occurredAt' | 'organizationId' | 'requestId' | 'event' | 'ipAddress'>[] {
  return organizationsOf(person).map((organizationId) => ({
    occurredAt,
    organizationId,
    requestId,
    event: 'user-login',
    ipAddress,
  }))
}

const organizationsMax = 20

/** Never empty: what concerns no organization is written down for none. */
export function organizationsOf(person: UserCredentials | undefined): readonly (string | null)[] {
  const ids = (person?.memberships ?? []).map(({ organizationId }) => organizationId)
  return ids.length === 0 ? [null] : ids.slice(0, organizationsMax)
}

function credentialsWrong(): ApiError {
  return new ApiError('Unauthorized', 'The e-mail address or the password is wrong')
}
