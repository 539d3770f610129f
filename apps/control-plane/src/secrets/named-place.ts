import { ApiError } from '../http/api-error.ts'
import type { EnteredProject, NamedProject } from '../projects/project-access.ts'
import { parseSecretPath } from './folders/folder-paths.ts'
import type { SecretPlace } from './secret-reading.ts'

/** What clients say of a place; what is empty is absent. */
export interface RequestedPlace {
  readonly workspaceId?: string | undefined
  readonly projectId?: string | undefined
  readonly workspaceSlug?: string | undefined
  readonly projectSlug?: string | undefined
  readonly environment?: string | undefined
  readonly secretPath?: string | undefined
}

/** As a request names it. */
export interface NamedPlace extends NamedProject {
  readonly environment: string
  readonly secretPath: string
}

/** Throws BadRequest without a project or an environment. */
export function namedPlace(requested: RequestedPlace): NamedPlace {
  const projectId = requested.projectId ?? requested.workspaceId
  const projectSlug = requested.projectSlug ?? requested.workspaceSlug
  const { environment, secretPath = '/' } = requested
  if (projectId === undefined && projectSlug === undefined) {
    throw new ApiError('BadRequest', 'Name a project: its id as workspaceId or projectId, or its slug')
  }
  if (environment === undefined) {
    throw new ApiError('BadRequest', 'Name an environment, by its slug as environment')
  }
  return { projectId, projectSlug, environment, secretPath }
}

/** Throws ApiError where the project has no such environment, or the path is none. */
export function placeWithin(
  entered: EnteredProject,
  { environment, secretPath }: Pick<NamedPlace, 'environment' | 'secretPath'>,
): SecretPlace {
  return { environment: entered.environment(environment), path: parseSecretPath(secretPath) }
}
