import { ApiError } from '../http/api-error.ts'
import { builtInProjectRole } from '../permissions/built-in-project-roles.ts'
import {
  type ProjectRights,
  type ProjectRule,
  requireProjectRulesWithin,
  rightsUntil,
} from '../permissions/project-rights.ts'
import type { GrantedRole, MemberRole, TemporaryTime } from './project-member-store.ts'
import type { ProjectRole } from './project-role-store.ts'

/** A role as a request names it: by its slug. */
export interface WantedRole {
  readonly role: string
  readonly time: TemporaryTime | null
}

/**
 * What the slugs stand for in the project. Throws BadRequest for a role that it does not have, PermissionDenied for one
 * that holds more than `rights`, or for longer: nobody grants what they do not have.
 */
export function grantedRoles(
  wanted: readonly WantedRole[],
  own: readonly ProjectRole[],
  rights: ProjectRights,
): GrantedRole[] {
  return wanted.map(({ role: slug, time }) => {
    const builtIn = builtInProjectRole(slug)
    const ownRole = own.find((role) => role.slug === slug)
    const rules = builtIn?.rules ?? ownRole?.rules
    if (rules === undefined) throw new ApiError('BadRequest', `There is no role "${slug}" in the project`)
    requireProjectRulesWithin(rightsUntil(rights, time?.until), rules)
    return { role: ownRole === undefined ? { builtIn: slug } : { ownRoleId: ownRole.id }, time }
  })
}

/** Nobody lays hands on a member who has, or will have, more than they have themselves. Throws PermissionDenied. */
export function requireWithinMember(
  rights: ProjectRights,
  { roles }: { roles: readonly MemberRole[] },
  at: Date,
): void {
  for (const role of roles) {
    if (role.time === null || at < role.time.until) requireProjectRulesWithin(rights, rulesOf(role))
  }
}

/** The same for whoever may come to act as the member: they have it all for at least as long. */
export function requireAsLongAsMember(
  rights: ProjectRights,
  { roles }: { roles: readonly MemberRole[] },
  at: Date,
): void {
  for (const role of roles) {
    if (role.time === null || at < role.time.until)
      requireProjectRulesWithin(rightsUntil(rights, role.time?.until), rulesOf(role))
  }
}

function rulesOf({ builtIn, own }: MemberRole): readonly ProjectRule[] {
  return own?.rules ?? (builtIn === null ? undefined : builtInProjectRole(builtIn)?.rules) ?? []
}

/** As the audit log names the roles of a member. */
export function roleNames(roles: readonly MemberRole[]): string[] {
  return roles.map(({ builtIn, own, time }) => {
    const slug = own?.slug ?? builtIn ?? ''
    return time === null ? slug : `${slug} until ${time.until.toISOString()}`
  })
}
