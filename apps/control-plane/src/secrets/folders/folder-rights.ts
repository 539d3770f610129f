import {
  type ProjectActionOn,
  type ProjectRights,
  requireProjectPermission,
} from '../../permissions/project-rights.ts'
import { joinPath } from './folder-paths.ts'
import type { FolderContents } from './folder-store.ts'

/** A folder is judged by the path that it stands in, as a secret is: whoever owns `/a` may not rename `/a` itself. */
export function requireFolderRight(
  rights: ProjectRights,
  action: 'read' | 'create' | 'edit' | 'delete',
  at: { environment: string; path: readonly string[] },
): void {
  const secretPath = joinPath(at.path.slice(0, -1))
  requireProjectPermission(rights, action, 'folders', { environment: at.environment, secretPath })
}

/** Everything that goes with the folder is deleted too, and needs the right to be. */
export function requireRightToDelete(
  rights: ProjectRights,
  contents: FolderContents,
  at: { environment: string; path: readonly string[] },
): void {
  for (const { path } of contents.folders) {
    requireFolderRight(rights, 'delete', { environment: at.environment, path: [...at.path, ...path] })
  }
  requireContents(rights, contents, at, { secrets: ['delete'], imports: ['delete'] })
}

/**
 * A new name gives all that is below a new path, and rules go by paths. So whoever gives it may read those secrets and
 * take them away where they are (a secret cannot be renamed into a path that its reader may see), and may put secrets,
 * imports and folders where they come to be.
 */
export function requireRightToMove(
  rights: ProjectRights,
  contents: FolderContents,
  { environment, from, to }: { environment: string; from: readonly string[]; to: readonly string[] },
): void {
  requireFolderRight(rights, 'edit', { environment, path: from })
  for (const { path } of contents.folders.filter(({ path }) => path.length > 0)) {
    requireFolderRight(rights, 'delete', { environment, path: [...from, ...path] })
    requireFolderRight(rights, 'create', { environment, path: [...to, ...path] })
  }
  const old = { secrets: ['read', 'read-value', 'delete'], imports: ['delete'] } as const
  requireContents(rights, contents, { environment, path: from }, old)
  const young = { secrets: ['create'], imports: ['create'] } as const
  requireContents(rights, contents, { environment, path: to }, young)
}

function requireContents(
  rights: ProjectRights,
  { folders, secrets, imports }: FolderContents,
  { environment, path }: { environment: string; path: readonly string[] },
  needed: {
    secrets: readonly ProjectActionOn<'secrets'>[]
    imports: readonly ProjectActionOn<'imports'>[]
  },
): void {
  const pathOf = new Map(folders.map((folder) => [folder.id, joinPath([...path, ...folder.path])]))
  for (const { folderId, key } of secrets) {
    const at = { environment, secretPath: pathOf.get(folderId) ?? '', secretName: key }
    for (const action of needed.secrets) requireProjectPermission(rights, action, 'secrets', at)
  }
  for (const folderId of new Set(imports.map((imported) => imported.folderId))) {
    const at = { environment, secretPath: pathOf.get(folderId) ?? '' }
    for (const action of needed.imports) requireProjectPermission(rights, action, 'imports', at)
  }
}
