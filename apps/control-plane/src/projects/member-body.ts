import type { memberRole } from '@postern/api-contract/project-members'
import type { z } from 'zod'
import type { Identity } from '../identities/identity-store.ts'
import type { WantedRole } from './granted-roles.ts'
import type { MemberRole, PersonInProject, ProjectMember } from './project-member-store.ts'
import type { Project } from './project-store.ts'

interface RoleInRequest {
  role: string
  isTemporary?: boolean | null | undefined
  temporaryRange?: string | null | undefined
  temporaryAccessStartTime?: string | null | undefined
}

const millisecondsOf: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** What a client sends beside a role that lasts is passed over. */
export function wantedRole({
  role,
  isTemporary,
  temporaryRange: range,
  temporaryAccessStartTime: start,
}: RoleInRequest): WantedRole {
  if (isTemporary !== true || typeof range !== 'string' || typeof start !== 'string')
    return { role, time: null }
  const from = new Date(start)
  return { role, time: { range, from, until: new Date(from.getTime() + rangeMs(range)) } }
}

/** `1h`: 3,600,000 ms. */
export function rangeMs(range: string): number {
  return Number.parseInt(range, 10) * (millisecondsOf[range.slice(-1)] ?? 0)
}

export function memberRoleBody({ id, builtIn, own, time }: MemberRole): z.input<typeof memberRole> {
  return {
    id,
    role: own === null ? (builtIn ?? 'no-access') : 'custom',
    customRoleId: own?.id ?? null,
    customRoleName: own?.name ?? null,
    customRoleSlug: own?.slug ?? null,
    isTemporary: time !== null,
    temporaryMode: time === null ? null : 'relative',
    temporaryRange: time?.range ?? null,
    temporaryAccessStartTime: time?.from.toISOString() ?? null,
    temporaryAccessEndTime: time?.until.toISOString() ?? null,
  }
}

export function changedRolesBody({ id: projectMembershipId, roles }: ProjectMember) {
  return {
    roles: roles.map((role) => ({
      ...memberRoleBody(role),
      projectMembershipId,
      createdAt: role.createdAt.toISOString(),
      updatedAt: role.updatedAt.toISOString(),
    })),
  }
}

function membershipBody({ id, projectId, createdAt, updatedAt }: ProjectMember) {
  return { id, projectId, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() }
}

export function addedIdentityBody(member: ProjectMember, identityId: string) {
  return { ...membershipBody(member), identityId }
}

function projectNamed({ id, name, slug, type }: Project) {
  return { id, name, slug, type }
}

export function identityMembershipBody(member: ProjectMember, identity: Identity, project: Project) {
  const { id, name, organizationId: orgId, projectId, hasDeleteProtection, authMethods, metadata } = identity
  return {
    ...addedIdentityBody(member, id),
    roles: member.roles.map(memberRoleBody),
    lastLoginAuthMethod: identity.lastLoginAuthMethod,
    lastLoginTime: identity.lastLoginAt?.toISOString() ?? null,
    identity: { id, name, orgId, projectId, hasDeleteProtection, authMethods, metadata },
    project: projectNamed(project),
  }
}

export function addedPersonBody(member: ProjectMember) {
  return { ...membershipBody(member), userId: member.who.kind === 'user' ? member.who.userId : '' }
}

export function personMembershipBody(person: PersonInProject, project: Project) {
  const { email, name, roles } = person
  const added = addedPersonBody(person)
  return {
    ...added,
    inviteEmail: null,
    // Names are kept whole: `firstName` has all of it.
    user: { id: added.userId, email, username: email, firstName: name, lastName: '', publicKey: '' },
    project: projectNamed(project),
    roles: roles.map(memberRoleBody),
  }
}
