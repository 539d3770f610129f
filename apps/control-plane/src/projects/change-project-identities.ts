import type { ChangeRevocations } from '../access-tokens/change-revocations.ts'
import type { Revocations } from '../access-tokens/revocations.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { ChangeOrigin } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { identityUnknown } from '../identities/change-identities.ts'
import type {
  DeleteOutcome,
  Identity,
  IdentityChange,
  IdentityStore,
  NewIdentity,
} from '../identities/identity-store.ts'
import { requireProjectPermission } from '../permissions/project-rights.ts'
import type { UniversalAuthStore } from '../universal-auth/universal-auth-store.ts'
import { universalAuthOfNew } from '../identities/new-universal-auth.ts'
import {
  changedFields,
  changeInProject,
  type ChangeInProjectDependencies,
  eventInProject,
} from './change-in-project.ts'
import { grantedRoles, requireWithinMember, roleNames, type WantedRole } from './granted-roles.ts'
import type { EnteredProject, NamedProject } from './project-access.ts'
import type { ProjectMemberStore } from './project-member-store.ts'
import type { ProjectRoleStore } from './project-role-store.ts'

/** What one change writes to, all of it or none. */
export interface ProjectIdentityChangeScope {
  identities: Pick<IdentityStore, 'create' | 'update' | 'delete'>
  universalAuths: Pick<UniversalAuthStore, 'create'>
  projectMembers: Pick<ProjectMemberStore, 'add'>
  revocations: ChangeRevocations
  audit: ChangeAudit
}

export interface ChangeProjectIdentitiesDependencies extends ChangeInProjectDependencies {
  identities: Pick<IdentityStore, 'find'>
  members: Pick<ProjectMemberStore, 'find'>
  roles: Pick<ProjectRoleStore, 'list'>
  commit: Commit<ProjectIdentityChangeScope>
  revocations: Revocations
  /** Runs after each committed change, before the reply: whatever remembers the identity forgets it. */
  onIdentityChanged: (identityId: string) => void
}

export type NewProjectIdentity = Pick<NewIdentity, 'name' | 'hasDeleteProtection' | 'metadata'>
export type ProjectIdentityChange = Pick<IdentityChange, 'name' | 'hasDeleteProtection' | 'metadata'>

/** Identities that a project owns: administered by its own rights, members of it and of no other, gone with it. */
export interface ChangeProjectIdentities {
  create(
    origin: ChangeOrigin,
    named: NamedProject,
    draft: NewProjectIdentity,
    roles: readonly WantedRole[],
  ): Promise<Identity>
  update(
    origin: ChangeOrigin,
    named: NamedProject,
    identityId: string,
    change: ProjectIdentityChange,
  ): Promise<Identity>
  remove(origin: ChangeOrigin, named: NamedProject, identityId: string): Promise<Identity>
}

type Dependencies = ChangeProjectIdentitiesDependencies

export function createChangeProjectIdentities(dependencies: Dependencies): ChangeProjectIdentities {
  return {
    create: (origin, named, draft, roles) =>
      changeInProject(dependencies, origin, named, { event: 'identity-created', details: {} }, (entered) =>
        create(dependencies, origin, entered, draft, roles),
      ),
    update: (origin, named, identityId, change) =>
      changeInProject(
        dependencies,
        origin,
        named,
        { event: 'identity-updated', details: { target: identityId } },
        (entered) => update(dependencies, origin, entered, identityId, change),
      ),
    remove: (origin, named, identityId) =>
      changeInProject(
        dependencies,
        origin,
        named,
        { event: 'identity-deleted', details: { target: identityId } },
        (entered) => remove(dependencies, origin, entered, identityId),
      ),
  }
}

async function create(
  { roles: roleStore, commit, now }: Dependencies,
  origin: ChangeOrigin,
  { project, rights }: EnteredProject,
  draft: NewProjectIdentity,
  wanted: readonly WantedRole[],
): Promise<Identity> {
  requireProjectPermission(rights, 'create', 'identities')
  const roles = grantedRoles(wanted, await roleStore.list(project.id), rights)
  const { id: projectId, organizationId } = project
  return commit(async ({ identities, universalAuths, projectMembers, audit }) => {
    const identity = await identities.create({ ...draft, organizationId, projectId, role: 'no-access' })
    const { id: identityId, name } = identity
    await universalAuths.create(universalAuthOfNew(identity))
    const who = { kind: 'identity' as const, identityId }
    const added = await projectMembers.add({ projectId, organizationId, who, roles })
    if (added.kind !== 'added') {
      throw new ApiError('BadRequest', 'The project takes no further member, or has lost one of these roles')
    }
    const details = { name, roles: roleNames(added.member.roles) }
    const event = eventInProject(project, origin, now(), 'identity-created', details)
    await audit.record({ ...event, identityId })
    return { ...identity, authMethods: ['universal-auth' as const] }
  })
}

/** Throws NotFound unless the project owns it, PermissionDenied where it may do more in the project than the actor. */
async function findOwned(
  { identities, members, now }: Dependencies,
  { project, rights }: EnteredProject,
  identityId: string,
): Promise<Identity> {
  const identity = await identities.find(identityId, project.organizationId)
  if (identity === undefined || identity.projectId !== project.id) throw identityUnknown()
  const member = await members.find(project.id, { kind: 'identity', identityId })
  if (member !== undefined) requireWithinMember(rights, member, now())
  return identity
}

async function update(
  dependencies: Dependencies,
  origin: ChangeOrigin,
  entered: EnteredProject,
  identityId: string,
  change: ProjectIdentityChange,
): Promise<Identity> {
  const { commit, now, onIdentityChanged } = dependencies
  const { project, rights } = entered
  requireProjectPermission(rights, 'edit', 'identities')
  const owned = await findOwned(dependencies, entered, identityId)
  const identity = await commit(async ({ identities, audit }) => {
    const changed = identityOf(await identities.update(owned, change))
    const details = { changed: changedFields(change), name: changed.name }
    await audit.record({
      ...eventInProject(project, origin, now(), 'identity-updated', details),
      identityId,
    })
    return changed
  })
  onIdentityChanged(identityId)
  return identity
}

async function remove(
  dependencies: Dependencies,
  origin: ChangeOrigin,
  entered: EnteredProject,
  identityId: string,
): Promise<Identity> {
  const { commit, now, revocations, onIdentityChanged } = dependencies
  const { project, rights } = entered
  requireProjectPermission(rights, 'delete', 'identities')
  const owned = await findOwned(dependencies, entered, identityId)
  const target = { scope: 'identity' as const, identityId }
  const { organizationId } = project
  const identity = await commit(async (within) => {
    const deleted = identityOf(await within.identities.delete(owned))
    await within.revocations.mark(target)
    const details = { name: deleted.name }
    await within.audit.record({
      ...eventInProject(project, origin, now(), 'identity-deleted', details),
      identityId,
    })
    return deleted
  })
  onIdentityChanged(identityId)
  await revocations.revoke({ ...target, organizationId })
  return identity
}

function identityOf(outcome: DeleteOutcome): Identity {
  if (outcome.kind === 'done') return outcome.identity
  if (outcome.kind === 'protected')
    throw new ApiError('BadRequest', 'The identity is protected: turn hasDeleteProtection off first')
  throw identityUnknown()
}
