import type { FolderBody } from '@postern/api-contract/folders'
import type { Environment } from '../../projects/project-store.ts'
import { joinPath } from './folder-paths.ts'
import type { LocatedFolder } from './folder-store.ts'

/** What clients call the folder without a name. */
const rootName = 'root'

export function folderBody(folder: LocatedFolder): FolderBody {
  return {
    id: folder.id,
    name: folder.parentId === null ? rootName : folder.name,
    envId: folder.environmentId,
    projectId: folder.projectId,
    parentId: folder.parentId,
    description: folder.description,
    path: joinPath(folder.path),
    isReserved: false,
    createdAt: folder.createdAt.toISOString(),
    updatedAt: folder.updatedAt.toISOString(),
    lastSecretModified: folder.lastSecretModified?.toISOString() ?? null,
  }
}

export function folderWithEnvironmentBody(folder: LocatedFolder, { id, name, slug }: Environment) {
  return { ...folderBody(folder), environment: { envId: id, envName: name, envSlug: slug } }
}
