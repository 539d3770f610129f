import type { Revocations } from './access-tokens/revocations.ts'
import type { AuditLog } from './audit/audit-log.ts'
import type { Commit } from './database/commit.ts'
import type { Database } from './database/database.ts'
import type { HttpServer } from './http/http-server.ts'
import type { IdentityStore } from './identities/identity-store.ts'
import type { MemberStore } from './organizations/member-store.ts'
import type { Authenticate } from './permissions/actor.ts'
import type { ChangeNotices } from './replicas/change-notices.ts'
import { createChangeEnvironments, type EnvironmentChangeScope } from './projects/change-environments.ts'
import {
  createChangeProjectIdentities,
  type ProjectIdentityChangeScope,
} from './projects/change-project-identities.ts'
import { createChangeProjectMembers, type MemberChangeScope } from './projects/change-project-members.ts'
import { createChangeProjectRoles, type ProjectRoleChangeScope } from './projects/change-project-roles.ts'
import { createChangeProjects, type ProjectChangeScope } from './projects/change-projects.ts'
import { registerEnvironmentRoutes } from './projects/environment-routes.ts'
import { createEnvironmentStorePostgres } from './projects/environment-store-postgres.ts'
import type { EnvironmentStore } from './projects/environment-store.ts'
import { registerIdentityMemberRoutes } from './projects/identity-member-routes.ts'
import { registerPersonMemberRoutes } from './projects/person-member-routes.ts'
import { createMembershipsOfIdentity } from './projects/memberships-of-identity.ts'
import { createProjectAccess, type ProjectAccess } from './projects/project-access.ts'
import { registerProjectIdentityRoutes } from './projects/project-identity-routes.ts'
import { createProjectMemberStorePostgres } from './projects/project-member-store-postgres.ts'
import type { ProjectMemberStore } from './projects/project-member-store.ts'
import { registerProjectRoleRoutes } from './projects/project-role-routes.ts'
import { createProjectRoleStorePostgres } from './projects/project-role-store-postgres.ts'
import type { ProjectRoleStore } from './projects/project-role-store.ts'
import { registerProjectRoutes } from './projects/project-routes.ts'
import { createProjectStorePostgres } from './projects/project-store-postgres.ts'
import type { ProjectStore } from './projects/project-store.ts'
import { createRequireWithinProjects } from './projects/require-within-projects.ts'

export interface ProjectStores {
  projects: ProjectStore
  environments: EnvironmentStore
  projectMembers: ProjectMemberStore
  projectRoles: ProjectRoleStore
}

export function createProjectStores(kysely: Database['kysely']): ProjectStores {
  return {
    projects: createProjectStorePostgres(kysely),
    environments: createEnvironmentStorePostgres(kysely),
    projectMembers: createProjectMemberStorePostgres(kysely),
    projectRoles: createProjectRoleStorePostgres(kysely),
  }
}

export interface ProjectsOptions {
  stores: ProjectStores & {
    identities: IdentityStore
    members: Pick<MemberStore, 'findMembersByEmail'>
  }
  commit: Commit<
    ProjectChangeScope &
      EnvironmentChangeScope &
      MemberChangeScope &
      ProjectRoleChangeScope &
      ProjectIdentityChangeScope
  >
  auditLog: AuditLog
  notices: ChangeNotices
  now: () => Date
  /** Monotonic, in milliseconds. */
  elapsed: () => number
}

export interface ProjectRoutesOptions {
  authenticate: Authenticate
  revocations: Revocations
  /** After each committed change of an identity. */
  forgetIdentity: (identityId: string) => void
}

/** Projects: who may do what in them, and what is done to them. */
export function openProjects(options: ProjectsOptions) {
  const { stores, now, elapsed } = options
  const reads = createProjectAccess({ store: stores.projects, now, elapsedMs: elapsed })
  const forget = options.notices.share('project', (projectId: string) => reads.forget(projectId))
  const access: ProjectAccess = { ...reads, forget }
  return {
    access,
    requireWithinProjects: createRequireWithinProjects({ access, members: stores.projectMembers, now }),
    listMembershipsOfIdentity: createMembershipsOfIdentity({ access, members: stores.projectMembers }),
    registerRoutes: (server: HttpServer, routes: ProjectRoutesOptions): void =>
      registerRoutes(server, { ...options, ...routes, access }),
  }
}

type RoutesDependencies = ProjectsOptions &
  ProjectRoutesOptions & { access: ReturnType<typeof createProjectAccess> }

function registerRoutes(server: HttpServer, dependencies: RoutesDependencies): void {
  const { stores, commit, auditLog, now, authenticate, access, revocations, forgetIdentity } = dependencies
  const { projectMembers: members, projectRoles: roles, identities } = stores
  const changing = { access, commit, auditLog, now }
  registerProjectRoutes(server, {
    authenticate,
    access,
    changeProjects: createChangeProjects({ ...changing, revocations, onIdentityDeleted: forgetIdentity }),
  })
  registerEnvironmentRoutes(server, {
    authenticate,
    access,
    store: stores.environments,
    changeEnvironments: createChangeEnvironments(changing),
  })
  const changeMembers = createChangeProjectMembers({
    ...changing,
    members,
    roles,
    identities,
    findPeopleByEmail: (organizationId, emails) => stores.members.findMembersByEmail(organizationId, emails),
  })
  registerIdentityMemberRoutes(server, { authenticate, access, members, identities, changeMembers })
  registerPersonMemberRoutes(server, { authenticate, access, members, changeMembers })
  registerProjectRoleRoutes(server, {
    authenticate,
    access,
    roles,
    changeRoles: createChangeProjectRoles({ ...changing, roles }),
  })
  registerProjectIdentityRoutes(server, {
    authenticate,
    access,
    identities,
    changeIdentities: createChangeProjectIdentities({
      ...changing,
      identities,
      members,
      roles,
      revocations,
      onIdentityChanged: forgetIdentity,
    }),
  })
}
