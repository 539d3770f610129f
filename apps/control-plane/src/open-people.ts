import { startRemovingExpiredRows } from './access-tokens/remove-expired-rows.ts'
import type { AuditLog } from './audit/audit-log.ts'
import type { ChangeAudit } from './audit/change-audit.ts'
import type { Commit } from './database/commit.ts'
import type { HttpServer } from './http/http-server.ts'
import { createReadCredential } from './permissions/authenticate-credential.ts'
import { createAuthenticatePerson } from './permissions/authenticate-person.ts'
import { createOwnSession } from './users/own-session.ts'
import { hashSecretToken } from './users/secret-token.ts'
import { createSessionCookies } from './users/session-cookie.ts'
import { registerSessionRoutes } from './users/session-routes.ts'
import type { SessionStore } from './users/session-store.ts'
import { createSignIn } from './users/sign-in.ts'
import { createSignInLimits } from './users/sign-in-limits.ts'
import type { UserStore } from './users/user-store.ts'
import { createVerifyPassword } from './users/verify-password.ts'

export interface PeopleStores {
  users: UserStore
  sessions: SessionStore
}

export interface PeopleOptions {
  config: { publicUrl: string }
  stores: PeopleStores
  commit: Commit<PeopleStores & { audit: ChangeAudit }>
  auditLog: AuditLog
  logger: { warn(fields: object, message: string): void }
  now: () => Date
  elapsed: () => number
}

/** Who people are and how they sign in. */
export function openPeople(options: PeopleOptions) {
  const { config, stores, commit, auditLog, logger, now, elapsed } = options
  const readCredential = createReadCredential(config.publicUrl)
  const findSession = (token: string) => stores.sessions.find(hashSecretToken(token))
  const authenticatePerson = createAuthenticatePerson({ readCredential, findSession })
  const limits = createSignInLimits(elapsed)
  const verifyPassword = createVerifyPassword()
  const upkeep = startRemovingExpiredRows({
    removals: [(rowsMax) => stores.sessions.deleteExpired(rowsMax)],
    onFailed: (error) => logger.warn({ err: error }, 'expired sessions not removed'),
  })
  const signIn = createSignIn({ users: stores.users, commit, verifyPassword, limits, auditLog, now })
  return {
    readCredential,
    findSession,
    authenticatePerson,
    registerRoutes: (server: HttpServer): void => {
      registerSessionRoutes(server, {
        authenticatePerson,
        signIn,
        ownSession: createOwnSession({ commit, now }),
        sessions: stores.sessions,
        cookies: createSessionCookies(config.publicUrl),
      })
    },
    close: () => upkeep.close(),
  }
}
