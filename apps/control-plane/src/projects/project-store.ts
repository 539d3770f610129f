import type { ProjectRule } from '../permissions/project-rights.ts'

export interface Project {
  id: string
  organizationId: string
  name: string
  /** Unique within the organization. */
  slug: string
  description: string | null
  type: string
  /** Not deleted while this is on. */
  hasDeleteProtection: boolean
  autoCapitalization: boolean
  createdAt: Date
  updatedAt: Date
}

export interface Environment {
  id: string
  projectId: string
  name: string
  /** Unique within the project. */
  slug: string
  /** From 1 on, without gaps. */
  position: number
  createdAt: Date
  updatedAt: Date
}

/** Whose memberships count: those of one identity or of one person. */
export type MemberKey =
  | { readonly kind: 'identity'; readonly identityId: string }
  | { readonly kind: 'user'; readonly userId: string }

/** Which project; an id counts before a slug. */
export type ProjectKey = { readonly id: string } | { readonly slug: string }

/** From inclusive, until exclusive. */
export interface RoleTime {
  readonly from: Date
  readonly until: Date
}

/** A role as one member holds it. `rules` are those of one of the project's own roles; absent for a built-in one. */
export interface HeldRole {
  readonly slug: string
  readonly rules: readonly ProjectRule[] | null
  readonly time: RoleTime | null
}

/** Everything that a request needs to know before it may do something in a project. */
export interface ProjectSnapshot {
  readonly project: Project
  /** By position. */
  readonly environments: readonly Environment[]
  /** Undefined where the asker is no member. */
  readonly heldRoles: readonly HeldRole[] | undefined
}

export interface NewProject {
  organizationId: string
  name: string
  /** Undefined: one is made of the name. */
  slug: string | undefined
  description: string | null
  type: string
  hasDeleteProtection: boolean
  environments: readonly { name: string; slug: string }[]
}

/** What is absent stays. */
export interface ProjectChange {
  name?: string | undefined
  slug?: string | undefined
  description?: string | null | undefined
  hasDeleteProtection?: boolean | undefined
  autoCapitalization?: boolean | undefined
}

export type CreateProjectOutcome =
  | { kind: 'created'; project: Project; environments: readonly Environment[] }
  | { kind: 'slug-taken' }
  | { kind: 'too-many' }
export type UpdateProjectOutcome =
  | { kind: 'updated'; project: Project }
  | { kind: 'slug-taken' }
  | { kind: 'unknown' }

/** What went with a project. */
export interface DeletedWithProject {
  environments: number
  members: number
  roles: number
  folders: number
  secrets: number
  /** Identities that the project owned, oldest first. */
  identityIds: readonly string[]
}
export type DeleteProjectOutcome =
  | { kind: 'deleted'; project: Project; gone: DeletedWithProject }
  | { kind: 'protected' }
  | { kind: 'unknown' }

/** A project of another organization is as unknown as one that does not exist. Ids are UUIDs. */
export interface ProjectStore {
  create(project: NewProject): Promise<CreateProjectOutcome>
  update(projectId: string, organizationId: string, change: ProjectChange): Promise<UpdateProjectOutcome>
  delete(projectId: string, organizationId: string): Promise<DeleteProjectOutcome>
  /** One statement. */
  findSnapshot(
    organizationId: string,
    key: ProjectKey,
    member: MemberKey,
  ): Promise<ProjectSnapshot | undefined>
  /** Oldest first; only those that the member is in, unless `all`. */
  listSnapshots(
    organizationId: string,
    member: MemberKey,
    options: { all: boolean },
  ): Promise<readonly ProjectSnapshot[]>
}
