import { ApiError } from '../../http/api-error.ts'
import { invalidField } from '../../http/validation-failure.ts'
import type { Actor } from '../../permissions/actor.ts'
import type { EnteredProject, ProjectAccess } from '../../projects/project-access.ts'
import type { Environment } from '../../projects/project-store.ts'
import { joinPath, parseSecretPath } from './folder-paths.ts'
import type { FolderStore, LocatedFolder } from './folder-store.ts'

/** As a request names it; what is undefined was left out or empty. */
export interface FolderReference {
  projectId: string | undefined
  environment: string | undefined
  /** Where the folder stands. */
  path: string | undefined
  idOrName: string
}

export interface FoundFolder {
  entered: EnteredProject
  environment: Environment
  folder: LocatedFolder
}

/** The same words for a folder of another organization as for one that does not exist. */
export function folderUnknown(): ApiError {
  return new ApiError('NotFound', 'There is no such folder in your organization')
}

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

/** An id counts before a name, which may look like one. Throws NotFound; says nothing about rights. */
export async function findFolder(
  { access, store }: { access: ProjectAccess; store: Pick<FolderStore, 'locate' | 'findFolder'> },
  actor: Actor,
  reference: FolderReference,
): Promise<FoundFolder> {
  if (uuid.test(reference.idOrName)) {
    const found = await findById({ access, store }, actor, reference.idOrName.toLowerCase())
    if (found !== undefined && agrees(found, reference)) return found
  }
  if (reference.projectId === undefined && uuid.test(reference.idOrName)) throw folderUnknown()
  const entered = await access.enter(actor, { projectId: reference.projectId })
  if (reference.environment === undefined) throw invalidField('environment', 'is required')
  const environment = entered.environment(reference.environment)
  const path = [...parseSecretPath(reference.path ?? '/', 'path'), reference.idOrName]
  const folder = await store.findFolder({ environmentId: environment.id, path })
  if (folder === undefined) {
    throw new ApiError('NotFound', `There is no such folder in ${joinPath(path.slice(0, -1))}`)
  }
  return { entered, environment, folder: { ...folder, path } }
}

/** Undefined where there is none, or it is of a project that the actor may not enter. */
export async function findById(
  { access, store }: { access: ProjectAccess; store: Pick<FolderStore, 'locate'> },
  actor: Actor,
  folderId: string,
): Promise<FoundFolder | undefined> {
  if (!uuid.test(folderId)) return undefined
  const folder = await store.locate(folderId)
  if (folder === undefined) return undefined
  const entered = await access.enter(actor, { projectId: folder.projectId }).catch(undefinedIfUnknown)
  const environment = entered?.environments.find(({ id }) => id === folder.environmentId)
  return entered === undefined || environment === undefined ? undefined : { entered, environment, folder }
}

function undefinedIfUnknown(error: unknown): undefined {
  if (error instanceof ApiError && error.code === 'NotFound') return undefined
  throw error
}

/** What a request says beside an id must be true of it; the path it need not: clients differ in what they put there. */
function agrees({ folder, environment }: FoundFolder, reference: FolderReference): boolean {
  return (
    (reference.projectId === undefined || reference.projectId.toLowerCase() === folder.projectId) &&
    (reference.environment === undefined || reference.environment === environment.slug)
  )
}
