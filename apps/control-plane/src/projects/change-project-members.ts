import type { JsonValue } from '../audit/audit-event.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { ChangeOrigin } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { identityUnknown } from '../identities/change-identities.ts'
import type { IdentityStore } from '../identities/identity-store.ts'
import { requireProjectPermission } from '../permissions/project-rights.ts'
import { changeInProject, type ChangeInProjectDependencies, eventInProject } from './change-in-project.ts'
import { grantedRoles, requireWithinMember, roleNames, type WantedRole } from './granted-roles.ts'
import type { EnteredProject, NamedProject } from './project-access.ts'
import { projectLimits } from './project-limits.ts'
import type {
  AddMemberOutcome,
  GrantedRole,
  ProjectMember,
  ProjectMemberStore,
} from './project-member-store.ts'
import type { ProjectRoleStore } from './project-role-store.ts'
import type { MemberKey, Project } from './project-store.ts'

/** What one change writes to, all of it or none. */
export interface MemberChangeScope {
  projectMembers: Pick<ProjectMemberStore, 'add' | 'setRoles' | 'remove'>
  audit: ChangeAudit
}

export interface ChangeProjectMembersDependencies extends ChangeInProjectDependencies {
  members: Pick<ProjectMemberStore, 'find' | 'findPerson'>
  roles: Pick<ProjectRoleStore, 'list'>
  identities: Pick<IdentityStore, 'find'>
  /** Of the organization; those that it does not know are left out. Addresses are in lower case. */
  findPeopleByEmail: (
    organizationId: string,
    emails: readonly string[],
  ) => Promise<readonly { userId: string; email: string }[]>
  commit: Commit<MemberChangeScope>
}

/** Which member: an identity by its own id, a person by that of the membership or by address. */
export type NamedMember = { identityId: string } | { personMembershipId: string } | { email: string }

/**
 * Each change: the right to change members; no role beyond the actor's own, on either side of the change; change and
 * audit in one commit. The last admin may go: the organization's admins can always enter.
 */
export interface ChangeProjectMembers {
  addIdentity(
    origin: ChangeOrigin,
    named: NamedProject,
    identityId: string,
    roles: readonly WantedRole[],
  ): Promise<ProjectMember>
  /** All of them or none. */
  addPeople(
    origin: ChangeOrigin,
    named: NamedProject,
    emails: readonly string[],
    roles: readonly WantedRole[],
  ): Promise<readonly ProjectMember[]>
  setRoles(
    origin: ChangeOrigin,
    named: NamedProject,
    member: NamedMember,
    roles: readonly WantedRole[],
  ): Promise<ProjectMember>
  /** All of them or none. */
  remove(
    origin: ChangeOrigin,
    named: NamedProject,
    members: readonly NamedMember[],
  ): Promise<readonly ProjectMember[]>
}

type Dependencies = ChangeProjectMembersDependencies

export function createChangeProjectMembers(dependencies: Dependencies): ChangeProjectMembers {
  return {
    addIdentity: (origin, named, identityId, roles) =>
      changeInProject(
        dependencies,
        origin,
        named,
        { event: 'project-member-added', details: { identityId, roles: roles.map(({ role }) => role) } },
        (entered) => addIdentity(dependencies, origin, entered, identityId, roles),
      ),
    addPeople: (origin, named, emails, roles) =>
      changeInProject(
        dependencies,
        origin,
        named,
        { event: 'project-member-added', details: { emails, roles: roles.map(({ role }) => role) } },
        (entered) => addPeople(dependencies, origin, entered, emails, roles),
      ),
    setRoles: (origin, named, member, roles) =>
      changeInProject(
        dependencies,
        origin,
        named,
        {
          event: 'project-member-updated',
          details: { ...member, roles: roles.map(({ role }) => role) },
        },
        (entered) => setRoles(dependencies, origin, entered, member, roles),
      ),
    remove: (origin, named, members) =>
      changeInProject(
        dependencies,
        origin,
        named,
        { event: 'project-member-removed', details: { members } },
        (entered) => remove(dependencies, origin, entered, members),
      ),
  }
}

export function noSuchMember(): ApiError {
  return new ApiError('NotFound', 'There is no such member in the project')
}

async function addIdentity(
  { identities, roles: roleStore, commit, now }: Dependencies,
  origin: ChangeOrigin,
  { project, rights }: EnteredProject,
  identityId: string,
  wanted: readonly WantedRole[],
): Promise<ProjectMember> {
  requireProjectPermission(rights, 'create', 'identities')
  const roles = grantedRoles(wanted, await roleStore.list(project.id), rights)
  const identity = await identities.find(identityId, project.organizationId)
  if (identity === undefined) throw identityUnknown()
  if (identity.projectId !== null && identity.projectId !== project.id) {
    throw new ApiError(
      'BadRequest',
      'Another project owns this identity: it can be a member of that one only',
    )
  }
  const who = { kind: 'identity' as const, identityId }
  return commit((within) =>
    addMember(within, { project, origin, at: now() }, who, roles, { name: identity.name }),
  )
}

async function addPeople(
  { findPeopleByEmail, roles: roleStore, commit, now }: Dependencies,
  origin: ChangeOrigin,
  { project, rights }: EnteredProject,
  emails: readonly string[],
  wanted: readonly WantedRole[],
): Promise<readonly ProjectMember[]> {
  requireProjectPermission(rights, 'create', 'members')
  const roles = grantedRoles(wanted, await roleStore.list(project.id), rights)
  const addresses = [...new Set(emails)]
  const people = await findPeopleByEmail(project.organizationId, addresses)
  const unknown = addresses.filter((address) => !people.some(({ email }) => email === address))
  if (unknown.length > 0) {
    throw new ApiError(
      'BadRequest',
      `Not among the members of the organization: ${unknown.join(', ')}. Invite them to it first`,
    )
  }
  return commit(async (within) => {
    const added: ProjectMember[] = []
    for (const { userId, email } of people) {
      const who = { kind: 'user' as const, userId }
      added.push(await addMember(within, { project, origin, at: now() }, who, roles, { email }))
    }
    return added
  })
}

interface Occasion {
  project: Project
  origin: ChangeOrigin
  at: Date
}

async function addMember(
  { projectMembers, audit }: MemberChangeScope,
  { project, origin, at }: Occasion,
  who: MemberKey,
  roles: readonly GrantedRole[],
  shown: Record<string, JsonValue>,
): Promise<ProjectMember> {
  const { id: projectId, organizationId } = project
  const member = addedOf(await projectMembers.add({ projectId, organizationId, who, roles }), who)
  const event = eventInProject(project, origin, at, 'project-member-added', {
    ...aboutMember(member),
    ...shown,
    roles: roleNames(member.roles),
  })
  await audit.record(withIdentity(event, who))
  return member
}

function addedOf(outcome: AddMemberOutcome, who: MemberKey): ProjectMember {
  switch (outcome.kind) {
    case 'added':
      return outcome.member
    case 'already-a-member':
      throw new ApiError(
        'BadRequest',
        `The ${who.kind === 'identity' ? 'identity' : 'person'} is a member of the project already: change its roles instead`,
      )
    case 'too-many':
      throw new ApiError(
        'BadRequest',
        `A project has ${projectLimits.membersPerProject} members at most: remove one first`,
      )
    case 'role-gone':
      throw new ApiError('BadRequest', 'One of the roles has just been deleted')
    case 'unknown':
      throw who.kind === 'identity' ? identityUnknown() : noSuchMember()
    default:
      return outcome satisfies never
  }
}

async function setRoles(
  dependencies: Dependencies,
  origin: ChangeOrigin,
  { project, rights }: EnteredProject,
  named: NamedMember,
  wanted: readonly WantedRole[],
): Promise<ProjectMember> {
  const { roles: roleStore, commit, now } = dependencies
  requireProjectPermission(rights, 'edit', subjectOf(named))
  const before = await findMember(dependencies, project, named)
  requireWithinMember(rights, before, now())
  const roles = grantedRoles(wanted, await roleStore.list(project.id), rights)
  return commit(async ({ projectMembers, audit }) => {
    const outcome = await projectMembers.setRoles(before.id, roles)
    if (outcome === 'unknown') throw noSuchMember()
    if (outcome === 'role-gone') throw new ApiError('BadRequest', 'One of the roles has just been deleted')
    const event = eventInProject(project, origin, now(), 'project-member-updated', {
      ...aboutMember(outcome),
      roles: roleNames(outcome.roles),
      rolesBefore: roleNames(before.roles),
    })
    await audit.record(withIdentity(event, outcome.who))
    return outcome
  })
}

async function remove(
  dependencies: Dependencies,
  origin: ChangeOrigin,
  { project, rights }: EnteredProject,
  named: readonly NamedMember[],
): Promise<readonly ProjectMember[]> {
  const { commit, now } = dependencies
  const found: ProjectMember[] = []
  for (const one of named) {
    requireProjectPermission(rights, 'delete', subjectOf(one))
    const member = await findMember(dependencies, project, one)
    requireWithinMember(rights, member, now())
    await requireNotOwned(dependencies, project, member)
    found.push(member)
  }
  return commit(async ({ projectMembers, audit }) => {
    // In one order, whatever the request's: two that name the same members never wait for each other in a circle.
    for (const member of found.toSorted((one, other) => (one.id < other.id ? -1 : 1))) {
      if (!(await projectMembers.remove(member.id))) throw noSuchMember()
      const details = { ...aboutMember(member), rolesBefore: roleNames(member.roles) }
      const event = eventInProject(project, origin, now(), 'project-member-removed', details)
      await audit.record(withIdentity(event, member.who))
    }
    return found
  })
}

function subjectOf(named: NamedMember): 'identities' | 'members' {
  return 'identityId' in named ? 'identities' : 'members'
}

async function findMember(
  { members }: Dependencies,
  { id }: Project,
  named: NamedMember,
): Promise<ProjectMember> {
  const member = await ('identityId' in named
    ? members.find(id, { kind: 'identity', identityId: named.identityId })
    : members.findPerson(
        id,
        'email' in named ? { email: named.email } : { memberId: named.personMembershipId },
      ))
  if (member === undefined) throw noSuchMember()
  return member
}

async function requireNotOwned(
  { identities }: Dependencies,
  { id, organizationId }: Project,
  { who }: ProjectMember,
): Promise<void> {
  if (who.kind !== 'identity') return
  const identity = await identities.find(who.identityId, organizationId)
  if (identity?.projectId !== id) return
  throw new ApiError('BadRequest', 'The project owns this identity: delete the identity itself instead')
}

function aboutMember({ id, who }: ProjectMember): Record<string, JsonValue> {
  return {
    membershipId: id,
    ...(who.kind === 'identity' ? { identityId: who.identityId } : { userId: who.userId }),
  }
}

function withIdentity<Event extends object>(event: Event, who: MemberKey) {
  return who.kind === 'identity' ? { ...event, identityId: who.identityId } : event
}
