import type { FastifyRequest } from 'fastify'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import type { PersonInSession } from '../permissions/authenticate-person.ts'
import { hashSecretToken } from './secret-token.ts'
import type { SessionStore } from './session-store.ts'
import { createSessionToken } from './session-token.ts'

export interface OwnSessionDependencies {
  commit: Commit<{ sessions: Pick<SessionStore, 'select' | 'end' | 'endAll'>; audit: ChangeAudit }>
  now: () => Date
}

/** A person, and by which request they act. */
export interface PersonOrigin {
  person: PersonInSession
  requestId: string
  ipAddress: string
}

/** What people do with their own sessions. */
export interface OwnSession {
  /** Binds the session to an organization; resolves with its new token. The old one is dead. */
  select(origin: PersonOrigin, organizationId: string): Promise<string>
  logOut(origin: PersonOrigin): Promise<void>
  /** One of one's own, the current one included. */
  end(origin: PersonOrigin, sessionId: string): Promise<void>
  /** All but the current one; resolves with how many. */
  endOthers(origin: PersonOrigin): Promise<number>
}

export function createOwnSession({ commit, now }: OwnSessionDependencies): OwnSession {
  return {
    select: (origin, organizationId) =>
      commit(async ({ sessions, audit }) => {
        const { session, token } = origin.person
        const newToken = createSessionToken()
        const isSelected = await sessions.select({
          id: session.id,
          tokenHash: hashSecretToken(token),
          newTokenHash: hashSecretToken(newToken),
          organizationId,
        })
        if (!isSelected) throw new ApiError('NotFound', 'There is no such organization among yours')
        const details = { email: session.email, sessionId: session.id }
        const event = personEvent(origin, 'user-organization-selected', now(), details)
        await audit.record({ ...event, organizationId })
        return newToken
      }),
    logOut: (origin) =>
      commit(async ({ sessions, audit }) => {
        const { id: sessionId, userId } = origin.person.session
        await sessions.end(userId, sessionId)
        await audit.record(personEvent(origin, 'user-logout', now(), { sessionId }))
      }),
    end: (origin, sessionId) =>
      commit(async ({ sessions, audit }) => {
        if (!(await sessions.end(origin.person.session.userId, sessionId)))
          throw new ApiError('NotFound', 'There is no such session among yours')
        await audit.record(personEvent(origin, 'user-sessions-ended', now(), { sessionId, ended: 1 }))
      }),
    endOthers: (origin) =>
      commit(async ({ sessions, audit }) => {
        const { id: sessionId, userId } = origin.person.session
        const ended = await sessions.endAll(userId, { sessionId })
        await audit.record(personEvent(origin, 'user-sessions-ended', now(), { ended }))
        return ended
      }),
  }
}

export function personEvent(
  { person: { session }, requestId, ipAddress }: PersonOrigin,
  event: AuditEvent['event'],
  occurredAt: Date,
  details: AuditEvent['details'],
): AuditEvent {
  return {
    occurredAt,
    organizationId: session.membership?.organizationId ?? null,
    requestId,
    event,
    outcome: 'success',
    actor: { kind: 'user', id: session.userId },
    ipAddress,
    details,
  }
}

export function originOf(request: FastifyRequest, person: PersonOrigin['person']): PersonOrigin {
  return { person, requestId: request.id, ipAddress: request.ip }
}
