import { startRemovingExpiredRows } from './access-tokens/remove-expired-rows.ts'
import type { AccessTokenIssuer } from './access-tokens/issue-access-token.ts'
import type { AuditLog } from './audit/audit-log.ts'
import type { ChangeAudit } from './audit/change-audit.ts'
import type { Commit } from './database/commit.ts'
import type { Database } from './database/database.ts'
import type { HttpServer } from './http/http-server.ts'
import type { IdentityStore } from './identities/identity-store.ts'
import { type ActorLimits, limitRequests } from './http/request-limits.ts'
import type { OrganizationRoleStore } from './organization-roles/organization-role-store.ts'
import { createAcceptInvitation } from './organizations/accept-invitation.ts'
import { createChangeMembers } from './organizations/change-members.ts'
import { createBootstrapInstance } from './organizations/bootstrap-instance.ts'
import { registerBootstrapRoutes } from './organizations/bootstrap-routes.ts'
import { createChangeOrganization } from './organizations/change-organization.ts'
import { createFindInvitation } from './organizations/find-invitation.ts'
import { registerInvitationRoutes } from './organizations/invitation-routes.ts'
import { createInvitationStorePostgres } from './organizations/invitation-store-postgres.ts'
import type { InvitationStore } from './organizations/invitation-store.ts'
import { createInviteMembers } from './organizations/invite-members.ts'
import { registerMemberRoutes } from './organizations/member-routes.ts'
import { createMemberStorePostgres } from './organizations/member-store-postgres.ts'
import type { MemberStore } from './organizations/member-store.ts'
import { registerOrganizationRoutes } from './organizations/organization-routes.ts'
import { createOrganizationStorePostgres } from './organizations/organization-store-postgres.ts'
import type { OrganizationStore } from './organizations/organization-store.ts'
import { createOwnOrganizations } from './organizations/own-organizations.ts'
import type { Authenticate } from './permissions/actor.ts'
import { createReadCredential } from './permissions/authenticate-credential.ts'
import { type AuthenticatePerson, createAuthenticatePerson } from './permissions/authenticate-person.ts'
import { createFindMaker, type FindMaker } from './permissions/maker.ts'
import type { RightsOf } from './permissions/organization-rights.ts'
import { createPasswordChange } from './users/change-password.ts'
import { createFindPasswordReset, type FindPasswordResetDependencies } from './users/find-password-reset.ts'
import { createOwnSession } from './users/own-session.ts'
import { createPasswordResetStorePostgres } from './users/password-reset-store-postgres.ts'
import type { PasswordResetStore } from './users/password-reset-store.ts'
import { createPersonLinks } from './users/person-links.ts'
import { createRenameUser } from './users/rename-user.ts'
import { hashSecretToken } from './users/secret-token.ts'
import { createSessionCookies } from './users/session-cookie.ts'
import { registerSessionRoutes } from './users/session-routes.ts'
import { createSessionStorePostgres } from './users/session-store-postgres.ts'
import type { SessionStore } from './users/session-store.ts'
import { createSignIn } from './users/sign-in.ts'
import { createSignInLimits } from './users/sign-in-limits.ts'
import { registerUserRoutes } from './users/user-routes.ts'
import { createUserStorePostgres } from './users/user-store-postgres.ts'
import type { UserStore } from './users/user-store.ts'
import { createVerifyPassword } from './users/verify-password.ts'

export interface PeopleStores {
  organizations: OrganizationStore
  members: MemberStore
  invitations: InvitationStore
  users: UserStore
  sessions: SessionStore
  passwordResets: PasswordResetStore
}

export function createPeopleStores(database: Database['kysely']): PeopleStores {
  return {
    organizations: createOrganizationStorePostgres(database),
    members: createMemberStorePostgres(database),
    invitations: createInvitationStorePostgres(database),
    users: createUserStorePostgres(database),
    sessions: createSessionStorePostgres(database),
    passwordResets: createPasswordResetStorePostgres(database),
  }
}

export interface PeopleOptions extends Pick<FindPasswordResetDependencies, 'requireWithinProjects'> {
  config: { publicUrl: string }
  keyring: { createOrganizationKey(): Buffer }
  stores: PeopleStores & { identities: Pick<IdentityStore, 'findById'> }
  commit: Commit<
    PeopleStores & { organizationRoles: Pick<OrganizationRoleStore, 'hold'>; audit: ChangeAudit }
  >
  rightsOf: RightsOf
  actorLimits: ActorLimits
  auditLog: AuditLog
  logger: { warn(fields: object, message: string): void }
  now: () => Date
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/** Who people are, how they sign in, and the organizations that they belong to. */
export function openPeople(options: PeopleOptions) {
  const { config, stores, logger } = options
  const readCredential = createReadCredential(config.publicUrl)
  const findSession = (token: string) => stores.sessions.find(hashSecretToken(token))
  const authenticatePerson = limitRequests(
    createAuthenticatePerson({ readCredential, findSession }),
    ({ session }) => session.userId,
    options.actorLimits,
  )
  const upkeep = startRemovingExpiredRows({
    removals: [stores.sessions, stores.invitations, stores.passwordResets].map(
      (store) => (rowsMax: number) => store.deleteExpired(rowsMax),
    ),
    onFailed: (error) => logger.warn({ err: error }, 'expired sessions and links not removed'),
  })
  const passwords = {
    verifyPassword: createVerifyPassword(),
    limits: createSignInLimits(options.elapsed),
  }
  const findMaker = createFindMaker({
    roleOfEnabled: (organizationId, userId) => stores.members.roleOfEnabled(organizationId, userId),
    findIdentity: (identityId) => stores.identities.findById(identityId),
    rightsOf: options.rightsOf,
  })
  const people = { ...options, ...stores, ...passwords, readCredential, authenticatePerson, findMaker }
  return {
    readCredential,
    findSession,
    authenticatePerson,
    registerRoutes: (
      server: HttpServer,
      {
        authenticate,
        accessTokenIssuer,
      }: { authenticate: Authenticate; accessTokenIssuer: AccessTokenIssuer },
    ): void => {
      registerRoutesForThemselves(server, { ...people, accessTokenIssuer })
      registerRoutesOfOrganizations(server, { ...people, authenticate })
    },
    close: () => upkeep.close(),
  }
}

type People = PeopleOptions &
  PeopleStores & {
    verifyPassword: ReturnType<typeof createVerifyPassword>
    limits: ReturnType<typeof createSignInLimits>
    readCredential: ReturnType<typeof createReadCredential>
    authenticatePerson: AuthenticatePerson
    findMaker: FindMaker
  }

function registerRoutesForThemselves(
  server: HttpServer,
  people: People & { accessTokenIssuer: AccessTokenIssuer },
): void {
  const cookies = createSessionCookies(people.config.publicUrl)
  const signIn = createSignIn(people)
  registerBootstrapRoutes(server, {
    bootstrapInstance: createBootstrapInstance({
      ...people,
      store: people.organizations,
      createOrganizationKey: () => people.keyring.createOrganizationKey(),
    }),
    signIn,
    cookies,
  })
  registerSessionRoutes(server, {
    ...people,
    signIn,
    ownSession: createOwnSession(people),
    cookies,
  })
  registerUserRoutes(server, {
    ...people,
    renameUser: createRenameUser(people),
    passwordChange: createPasswordChange({ ...people, findPasswordReset: createFindPasswordReset(people) }),
    cookies,
  })
}

function registerRoutesOfOrganizations(
  server: HttpServer,
  people: People & { authenticate: Authenticate },
): void {
  const links = createPersonLinks(people.config.publicUrl)
  const findInvitation = createFindInvitation(people)
  registerOrganizationRoutes(server, {
    ...people,
    ownOrganizations: createOwnOrganizations(people),
    changeOrganization: createChangeOrganization(people),
  })
  registerMemberRoutes(server, {
    ...people,
    changeMembers: createChangeMembers(people),
    links,
  })
  registerInvitationRoutes(server, {
    ...people,
    inviteMembers: createInviteMembers(people),
    findInvitation,
    acceptInvitation: createAcceptInvitation({ ...people, findInvitation }),
    links,
  })
}
