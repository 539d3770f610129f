import type { ChangeAudit } from './audit/change-audit.ts'
import type { AuditLog } from './audit/audit-log.ts'
import type { Commit } from './database/commit.ts'
import type { HttpServer } from './http/http-server.ts'
import type { Authenticate } from './permissions/actor.ts'
import type { ProjectAccess } from './projects/project-access.ts'
import { createChangeFolders } from './secrets/folders/change-folders.ts'
import { registerFolderRoutes } from './secrets/folders/folder-routes.ts'
import type { FolderStore } from './secrets/folders/folder-store.ts'
import { createReadFolders } from './secrets/folders/read-folders.ts'
import { createChangeSecretImports } from './secrets/imports/change-secret-imports.ts'
import { createReadSecretImports } from './secrets/imports/read-secret-imports.ts'
import { registerSecretImportRoutes } from './secrets/imports/secret-import-routes.ts'
import type { SecretImportStore } from './secrets/imports/secret-import-store.ts'

export interface FoldersOptions {
  authenticate: Authenticate
  access: ProjectAccess
  stores: { folders: FolderStore; secretImports: SecretImportStore }
  commit: Commit<{ folders: FolderStore; secretImports: SecretImportStore; audit: ChangeAudit }>
  auditLog: AuditLog
  now: () => Date
}

/** Folders and imports of secrets, with their routes. */
export function openFolders(server: HttpServer, options: FoldersOptions): void {
  const { authenticate, access, stores, commit, auditLog, now } = options
  registerFolderRoutes(server, {
    authenticate,
    readFolders: createReadFolders({ access, store: stores.folders }),
    changeFolders: createChangeFolders({ access, store: stores.folders, commit, auditLog, now }),
  })
  registerSecretImportRoutes(server, {
    authenticate,
    readSecretImports: createReadSecretImports({
      access,
      folders: stores.folders,
      imports: stores.secretImports,
    }),
    changeSecretImports: createChangeSecretImports({ access, commit, auditLog, now }),
  })
}
