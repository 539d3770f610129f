import type { ProjectRule } from '../permissions/project-rights.ts'
import type { MemberKey } from './project-store.ts'

/** A role that only counts between two moments. `range` is how its length was asked for, such as 1h. */
export interface TemporaryTime {
  readonly range: string
  readonly from: Date
  readonly until: Date
}

/** One of the project's own roles. */
export interface OwnRole {
  id: string
  name: string
  slug: string
  rules: readonly ProjectRule[]
}

export interface MemberRole {
  id: string
  /** Slug of a built-in role; null where it is one of the project's own. */
  builtIn: string | null
  own: OwnRole | null
  time: TemporaryTime | null
  createdAt: Date
  updatedAt: Date
}

export interface ProjectMember {
  id: string
  projectId: string
  organizationId: string
  who: MemberKey
  createdAt: Date
  updatedAt: Date
  roles: readonly MemberRole[]
}

/** A person, with what a list shows of them. */
export interface PersonInProject extends ProjectMember {
  email: string
  name: string
}

export interface GrantedRole {
  /** A built-in role's slug, or the id of one of the project's own. */
  role: { builtIn: string } | { ownRoleId: string }
  time: TemporaryTime | null
}

export interface NewProjectMember {
  projectId: string
  organizationId: string
  who: MemberKey
  roles: readonly GrantedRole[]
}

/**
 * `unknown`: there is no such identity or person in the organization, or the project is gone. `role-gone`: one of the
 * roles is not, or no longer, one of the project's own.
 */
export type AddMemberOutcome =
  | { kind: 'added'; member: ProjectMember }
  | { kind: 'already-a-member' }
  | { kind: 'unknown' }
  | { kind: 'role-gone' }
  | { kind: 'too-many' }

export interface Page {
  offset: number
  limit: number
  /** Part of the name, whatever its case. */
  search?: string | undefined
}

/** Ids are UUIDs. */
export interface ProjectMemberStore {
  add(member: NewProjectMember): Promise<AddMemberOutcome>
  /** In the place of those that it has. */
  setRoles(memberId: string, roles: readonly GrantedRole[]): Promise<ProjectMember | 'unknown' | 'role-gone'>
  remove(memberId: string): Promise<boolean>
  find(projectId: string, who: MemberKey): Promise<ProjectMember | undefined>
  findById(memberId: string, organizationId: string): Promise<ProjectMember | undefined>
  /** In whatever projects of the organization. */
  listOf(who: MemberKey, organizationId: string): Promise<readonly ProjectMember[]>
  /** Oldest first. */
  listIdentities(
    projectId: string,
    page: Page,
  ): Promise<{ members: readonly ProjectMember[]; totalCount: number }>
  /** Oldest first. */
  listPeople(projectId: string): Promise<readonly PersonInProject[]>
  findPerson(
    projectId: string,
    by: { memberId: string } | { userId: string } | { email: string },
  ): Promise<PersonInProject | undefined>
  /** Those of the organization, owned by no project, that are not in this one; by name. */
  listAvailableIdentities(
    projectId: string,
    organizationId: string,
    page: Page,
  ): Promise<{ identities: readonly { id: string; name: string }[]; totalCount: number }>
}
