import { ApiError } from '../../http/api-error.ts'
import type { Actor } from '../../permissions/actor.ts'
import { requireProjectPermission } from '../../permissions/project-rights.ts'
import type { ProjectAccess } from '../../projects/project-access.ts'
import type { Environment } from '../../projects/project-store.ts'
import { findById, folderUnknown } from './find-folder.ts'
import { folderDepthMax, joinPath, parseSecretPath } from './folder-paths.ts'
import { requireFolderRight } from './folder-rights.ts'
import type { FolderStore, LocatedFolder } from './folder-store.ts'

export interface ListFoldersRequest {
  projectId: string | undefined
  environment: string
  path: string | undefined
  recursive: boolean
  /** Only folders with a secret that was written then or later. */
  modifiedSince: Date | undefined
}

export interface ListedFolder {
  folder: LocatedFolder
  /** From the path that was asked about. */
  relative: readonly string[]
}

export interface FolderWithEnvironment {
  folder: LocatedFolder
  environment: Environment
}

export interface ReadFolders {
  /** By path. A path that does not exist has no folders: clients ask before they create. */
  list(actor: Actor, request: ListFoldersRequest): Promise<readonly ListedFolder[]>
  byId(actor: Actor, folderId: string): Promise<FolderWithEnvironment>
  byPath(
    actor: Actor,
    place: { projectId: string; environment: string; path: string },
  ): Promise<FolderWithEnvironment>
}

export interface ReadFoldersDependencies {
  access: ProjectAccess
  store: Pick<FolderStore, 'locate' | 'findFolder' | 'listBelow' | 'find'>
}

export function createReadFolders(dependencies: ReadFoldersDependencies): ReadFolders {
  return {
    list: (actor, request) => list(dependencies, actor, request),
    byId: async (actor, folderId) => {
      const found = await findById(dependencies, actor, folderId)
      if (found === undefined) throw folderUnknown()
      const { entered, environment, folder } = found
      requireFolderRight(entered.rights, 'read', { environment: environment.slug, path: folder.path })
      return { folder, environment }
    },
    byPath: async (actor, place) => {
      const entered = await dependencies.access.enter(actor, { projectId: place.projectId })
      const environment = entered.environment(place.environment)
      const path = parseSecretPath(place.path, 'encodedPath')
      requireFolderRight(entered.rights, 'read', { environment: environment.slug, path })
      const folder = await dependencies.store.findFolder({ environmentId: environment.id, path })
      if (folder === undefined) throw new ApiError('NotFound', `There is no folder ${joinPath(path)}`)
      return { folder: { ...folder, path }, environment }
    },
  }
}

async function list(
  { access, store }: ReadFoldersDependencies,
  actor: Actor,
  request: ListFoldersRequest,
): Promise<readonly ListedFolder[]> {
  const entered = await access.enter(actor, { projectId: request.projectId })
  const environment = entered.environment(request.environment)
  const path = parseSecretPath(request.path ?? '/', 'path')
  const isReadable = (parent: readonly string[]): boolean =>
    entered.rights.can('read', 'folders', { environment: environment.slug, secretPath: joinPath(parent) })
  if (!request.recursive || !entered.rights.canSomewhere('read', 'folders')) {
    const at = { environment: environment.slug, secretPath: joinPath(path) }
    requireProjectPermission(entered.rights, 'read', 'folders', at)
  }
  const top = await store.findFolder({ environmentId: environment.id, path })
  if (top === undefined) return []
  const depthMax = request.recursive ? folderDepthMax : 1
  const below = (await store.listBelow({ folderId: top.id, depthMax })).filter(
    (folder) => folder.path.length > 0 && isReadable([...path, ...folder.path.slice(0, -1)]),
  )
  const folders = new Map((await store.find(below.map(({ id }) => id))).map((folder) => [folder.id, folder]))
  const { modifiedSince } = request
  const listed: ListedFolder[] = []
  for (const { id, path: relative } of below) {
    const folder = folders.get(id)
    if (folder === undefined) continue
    const modified = folder.lastSecretModified
    if (modifiedSince !== undefined && (modified === null || modified < modifiedSince)) continue
    listed.push({ folder: { ...folder, path: [...path, ...relative] }, relative })
  }
  return listed
}
