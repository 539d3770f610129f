import type { Clock } from './access-tokens/database-clock.ts'
import type { Revocations } from './access-tokens/revocations.ts'
import type { AuditLog } from './audit/audit-log.ts'
import type { Commit } from './database/commit.ts'
import type { HttpServer } from './http/http-server.ts'
import { createChangeIdentities, type IdentityChangeScope } from './identities/change-identities.ts'
import { createIdentityCache } from './identities/identity-cache.ts'
import { type IdentityRoutesDependencies, registerIdentityRoutes } from './identities/identity-routes.ts'
import type { IdentityStore } from './identities/identity-store.ts'
import { LastLoginRecorder } from './identities/last-login-recorder.ts'
import {
  createRequireWithinIdentity,
  type RequireWithinIdentityDependencies,
} from './identities/require-within-identity.ts'
import type { RightsOf } from './permissions/organization-rights.ts'

export interface IdentitiesOptions extends Pick<RequireWithinIdentityDependencies, 'requireWithinProjects'> {
  store: IdentityStore
  commit: Commit<IdentityChangeScope>
  auditLog: AuditLog
  rightsOf: RightsOf
  logger: { warn(fields: object, message: string): void }
  /** That of the access tokens. */
  clock: Clock
  now: () => Date
  elapsed: () => number
}

export interface IdentityRoutesOptions extends Pick<
  IdentityRoutesDependencies,
  'authenticate' | 'findOrganization' | 'listProjectMemberships'
> {
  revocations: Revocations
  /** After each committed change of an identity or of how it logs in. */
  forget: (identityId: string) => void
}

/** Who machines are. */
export function openIdentities(options: IdentitiesOptions) {
  const { store, commit, auditLog, logger, clock, now, elapsed } = options
  const requireWithinIdentity = createRequireWithinIdentity(options)
  return {
    cache: createIdentityCache({ store, clock, nowMs: elapsed }),
    lastLogins: new LastLoginRecorder({ store, logger }),
    requireWithinIdentity,
    registerRoutes: (
      server: HttpServer,
      { authenticate, findOrganization, listProjectMemberships, revocations, forget }: IdentityRoutesOptions,
    ): void =>
      registerIdentityRoutes(server, {
        authenticate,
        store,
        findOrganization,
        listProjectMemberships,
        changeIdentities: createChangeIdentities({
          store,
          commit,
          cache: { forget },
          requireWithinIdentity,
          revocations,
          auditLog,
          now,
        }),
      }),
  }
}
