import type { AuditLog } from './audit/audit-log.ts'
import type { Commit } from './database/commit.ts'
import type { HttpServer } from './http/http-server.ts'
import {
  createChangeOrganizationRoles,
  type OrganizationRoleChangeScope,
} from './organization-roles/change-organization-roles.ts'
import { registerOrganizationRoleRoutes } from './organization-roles/organization-role-routes.ts'
import type { OrganizationRoleStore } from './organization-roles/organization-role-store.ts'
import { createOrganizationRoles } from './organization-roles/organization-roles.ts'
import type { Authenticate } from './permissions/actor.ts'
import type { ChangeNotices } from './replicas/change-notices.ts'

export interface OrganizationRolesOptions {
  store: OrganizationRoleStore
  commit: Commit<OrganizationRoleChangeScope>
  auditLog: AuditLog
  notices: ChangeNotices
  now: () => Date
  elapsed: () => number
}

/** The roles of organizations: what each gives, and how they are changed. */
export function openOrganizationRoles(options: OrganizationRolesOptions) {
  const { store, commit, auditLog, notices, now, elapsed } = options
  const cache = createOrganizationRoles({ store, elapsed })
  const forget = notices.share('organization-role', (organizationId: string, role: string) =>
    cache.forget(organizationId, role),
  )
  const changeRoles = createChangeOrganizationRoles({ commit, cache: { ...cache, forget }, auditLog, now })
  return {
    rightsOf: cache.rightsOf,
    registerRoutes: (server: HttpServer, { authenticate }: { authenticate: Authenticate }): void =>
      registerOrganizationRoleRoutes(server, { authenticate, store, changeRoles }),
  }
}
