import { ApiError } from '../../http/api-error.ts'
import type { Actor } from '../../permissions/actor.ts'
import { requireProjectPermission } from '../../permissions/project-rights.ts'
import type { ProjectAccess } from '../../projects/project-access.ts'
import { findById } from '../folders/find-folder.ts'
import { joinPath, parseSecretPath } from '../folders/folder-paths.ts'
import type { FolderStore } from '../folders/folder-store.ts'
import { type ImportingPlace, type LocatedImport, sourceOf } from './change-secret-imports.ts'
import type { SecretImportStore } from './secret-import-store.ts'

export interface ReadSecretImports {
  /** By position; none where the folder does not exist. */
  list(actor: Actor, place: ImportingPlace): Promise<readonly LocatedImport[]>
  byId(actor: Actor, importId: string): Promise<LocatedImport>
}

export interface ReadSecretImportsDependencies {
  access: ProjectAccess
  folders: Pick<FolderStore, 'findFolder' | 'locate'>
  imports: Pick<SecretImportStore, 'importsOf' | 'find'>
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

export function createReadSecretImports({
  access,
  folders,
  imports,
}: ReadSecretImportsDependencies): ReadSecretImports {
  return {
    list: async (actor, place) => {
      const entered = await access.enter(actor, { projectId: place.projectId })
      const environment = entered.environment(place.environment)
      const path = parseSecretPath(place.path ?? '/', 'path')
      const at = { environment: environment.slug, secretPath: joinPath(path) }
      requireProjectPermission(entered.rights, 'read', 'imports', at)
      const folder = await folders.findFolder({ environmentId: environment.id, path })
      if (folder === undefined) return []
      return (await imports.importsOf([folder.id])).map((secretImport) => ({
        secretImport,
        environment,
        path,
        source: sourceOf(entered, secretImport),
      }))
    },
    byId: async (actor, importId) => {
      const secretImport = uuid.test(importId) ? await imports.find(importId) : undefined
      const found = secretImport && (await findById({ access, store: folders }, actor, secretImport.folderId))
      if (secretImport === undefined || found === undefined) {
        throw new ApiError('NotFound', 'There is no such secret import in your organization')
      }
      const { entered, environment, folder } = found
      const at = { environment: environment.slug, secretPath: joinPath(folder.path) }
      requireProjectPermission(entered.rights, 'read', 'imports', at)
      return { secretImport, environment, path: folder.path, source: sourceOf(entered, secretImport) }
    },
  }
}
