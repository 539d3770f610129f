import type { ProjectRule } from '../permissions/project-rights.ts'

/** One of a project's own roles. */
export interface ProjectRole {
  id: string
  projectId: string
  /** Unique within the project, and no built-in role's. */
  slug: string
  name: string
  description: string | null
  rules: readonly ProjectRule[]
  createdAt: Date
  updatedAt: Date
}

export interface NewProjectRole {
  projectId: string
  slug: string
  name: string
  description: string | null
  rules: readonly ProjectRule[]
}

/** What is absent stays; rules are replaced as a whole. */
export interface ProjectRoleChange {
  slug?: string | undefined
  name?: string | undefined
  description?: string | null | undefined
  rules?: readonly ProjectRule[] | undefined
}

export type CreateRoleOutcome =
  | { kind: 'created'; role: ProjectRole }
  | { kind: 'slug-taken' }
  | { kind: 'too-many' }
export type UpdateRoleOutcome =
  | { kind: 'updated'; role: ProjectRole }
  | { kind: 'slug-taken' }
  | { kind: 'unknown' }
export type DeleteRoleOutcome =
  | { kind: 'deleted'; role: ProjectRole }
  /** Members hold it. */
  | { kind: 'in-use'; memberCount: number }
  | { kind: 'unknown' }

/** Ids are UUIDs. */
export interface ProjectRoleStore {
  create(role: NewProjectRole): Promise<CreateRoleOutcome>
  update(roleId: string, projectId: string, change: ProjectRoleChange): Promise<UpdateRoleOutcome>
  delete(roleId: string, projectId: string): Promise<DeleteRoleOutcome>
  /** By slug; the built-in ones are not among them. */
  list(projectId: string): Promise<readonly ProjectRole[]>
  /** Of any project of the organization. */
  findProjectId(roleId: string, organizationId: string): Promise<string | undefined>
}
