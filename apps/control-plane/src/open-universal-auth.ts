import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from './access-tokens/database-clock.ts'
import type { AccessTokenIssuer } from './access-tokens/issue-access-token.ts'
import type { RevocableToken } from './access-tokens/revocation-set.ts'
import type { Revocations } from './access-tokens/revocations.ts'
import type { AuditLog } from './audit/audit-log.ts'
import type { Commit } from './database/commit.ts'
import type { Database } from './database/database.ts'
import { createRecentReads } from './database/recent-reads.ts'
import type { HttpServer } from './http/http-server.ts'
import type { IdentityCache } from './identities/identity-cache.ts'
import type { LastLoginRecorder } from './identities/last-login-recorder.ts'
import type { RequireWithinIdentity } from './identities/require-within-identity.ts'
import type { ObservedLogin } from './login/kubernetes-login.ts'
import { createUniversalLogin } from './login/universal-login.ts'
import { registerUniversalLoginRoutes } from './login/universal-login-routes.ts'
import type { Authenticate } from './permissions/actor.ts'
import {
  type ClientSecretChangeScope,
  createAdministerClientSecrets,
} from './universal-auth/administer-client-secrets.ts'
import { registerClientSecretRoutes } from './universal-auth/client-secret-routes.ts'
import { createClientSecretStorePostgres } from './universal-auth/client-secret-store-postgres.ts'
import {
  createConfigureUniversalAuth,
  type UniversalAuthChangeScope,
} from './universal-auth/configure-universal-auth.ts'
import { createCountSecretUse } from './universal-auth/count-secret-use.ts'
import { createLockoutStorePostgres } from './universal-auth/lockout-store-postgres.ts'
import { registerUniversalAuthRoutes } from './universal-auth/universal-auth-routes.ts'
import {
  createUniversalAuthStorePostgres,
  createUniversalLoginStorePostgres,
} from './universal-auth/universal-auth-store-postgres.ts'

type UniversalAuthStores = ReturnType<typeof createUniversalAuthStores>

export function createUniversalAuthStores(kysely: Database['kysely']) {
  return {
    universalAuths: createUniversalAuthStorePostgres(kysely),
    universalLogins: createUniversalLoginStorePostgres(kysely),
    clientSecrets: createClientSecretStorePostgres(kysely),
    lockouts: createLockoutStorePostgres(kysely),
  }
}

export interface UniversalAuthOptions {
  config: { failedLoginsPerMinutePerIdentity: number }
  stores: UniversalAuthStores
  commit: Commit<UniversalAuthChangeScope & ClientSecretChangeScope>
  auditLog: AuditLog
  identities: IdentityCache
  requireWithinIdentity: RequireWithinIdentity
  lastLogins: LastLoginRecorder
  observeLogin: (login: ObservedLogin) => void
  now: () => Date
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/** What it needs of access tokens, which in turn ask it for the addresses that an identity trusts. */
export interface UniversalAuthRoutesOptions {
  accessTokens: {
    issuer: AccessTokenIssuer
    clock: Clock
    revocations: Revocations & { covers(token: RevocableToken): boolean }
  }
  authenticate: Authenticate
  /** After each committed change of how an identity logs in. */
  onChanged: (identityId: string) => void
}

/** Client ids and client secrets: who administers them, and logins with them. */
export function openUniversalAuth(options: UniversalAuthOptions) {
  const { stores, elapsed } = options
  const reads = createRecentReads({
    read: (identityId) => stores.universalAuths.find(identityId),
    nowMs: elapsed,
  })
  return {
    /** At most a second old. */
    find: (identityId: string) => reads.find(identityId),
    forget: (identityId: string) => reads.forget(identityId),
    /** See `remove-expired-rows.ts`. */
    removals: [
      (rowsMax: number) => stores.lockouts.deleteExpired(rowsMax),
      (rowsMax: number) => stores.clientSecrets.deleteEnded(rowsMax),
    ],
    registerRoutes: (server: HttpServer, needs: UniversalAuthRoutesOptions): void => {
      registerRoutes(server, options, needs)
    },
  }
}

function registerRoutes(
  server: HttpServer,
  options: UniversalAuthOptions,
  { accessTokens, authenticate, onChanged }: UniversalAuthRoutesOptions,
): void {
  const { config, elapsed } = options
  // By name: what is handed in may hold more stores, and one of them be called like something else here.
  const { universalAuths, universalLogins, clientSecrets, lockouts } = options.stores
  const { issuer, clock, revocations } = accessTokens
  registerUniversalLoginRoutes(server, {
    universalLogin: createUniversalLogin({
      ...options,
      clients: universalLogins,
      countUse: createCountSecretUse((id, uses) => clientSecrets.use(id, uses)),
      lockouts,
      revocations,
      issuer,
      clock,
      failedLoginsPerMinutePerIdentity: config.failedLoginsPerMinutePerIdentity,
      nowMs: () => Date.now(),
      monotonicMs: elapsed,
      sleep: (ms) => sleep(ms),
    }),
  })
  registerUniversalAuthRoutes(server, {
    authenticate,
    configure: createConfigureUniversalAuth({
      ...options,
      store: universalAuths,
      revocations,
      onChanged,
    }),
  })
  registerClientSecretRoutes(server, {
    authenticate,
    clientSecrets: createAdministerClientSecrets({ ...options, universalAuths, clientSecrets, revocations }),
  })
}
