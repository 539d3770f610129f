import type { Environment } from './project-store.ts'

export interface NewEnvironment {
  projectId: string
  name: string
  slug: string
  /** Where it is put among the others, which make room; undefined: last. */
  position: number | undefined
}

/** What is absent stays. */
export interface EnvironmentChange {
  name?: string | undefined
  slug?: string | undefined
  position?: number | undefined
}

export type CreateEnvironmentOutcome =
  | { kind: 'created'; environment: Environment }
  | { kind: 'slug-taken' }
  | { kind: 'too-many' }
export type UpdateEnvironmentOutcome =
  | { kind: 'updated'; environment: Environment }
  | { kind: 'slug-taken' }
  | { kind: 'unknown' }
export type DeleteEnvironmentOutcome =
  | { kind: 'deleted'; environment: Environment; gone: { folders: number; secrets: number } }
  | { kind: 'unknown' }

/** Positions stay 1, 2, 3, … whatever happens. Ids are UUIDs. */
export interface EnvironmentStore {
  create(environment: NewEnvironment): Promise<CreateEnvironmentOutcome>
  update(
    environmentId: string,
    projectId: string,
    change: EnvironmentChange,
  ): Promise<UpdateEnvironmentOutcome>
  /** Everything in it goes too. */
  delete(environmentId: string, projectId: string): Promise<DeleteEnvironmentOutcome>
  /** Of any project of the organization. */
  findProjectId(environmentId: string, organizationId: string): Promise<string | undefined>
}
