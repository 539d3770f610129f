import type { Kysely } from 'kysely'
import type { AuditLog } from './audit/audit-log.ts'
import type { ChangeAudit } from './audit/change-audit.ts'
import type { Commit } from './database/commit.ts'
import type { Schema } from './database/schema.ts'
import type { HttpServer } from './http/http-server.ts'
import type { Keyring } from './keyring/keyring.ts'
import { openFolders } from './open-folders.ts'
import type { Authenticate } from './permissions/actor.ts'
import type { ProjectAccess } from './projects/project-access.ts'
import { askTogether } from './secrets/ask-together.ts'
import { createChangeSecrets } from './secrets/change-secrets.ts'
import { createFolderSecretsReader } from './secrets/folder-secrets.ts'
import { createKeptReplies } from './secrets/kept-replies.ts'
import { createListReplies } from './secrets/list-replies.ts'
import type { FolderStore } from './secrets/folders/folder-store.ts'
import { createFolderStorePostgres } from './secrets/folders/folder-store-postgres.ts'
import type { SecretImportStore } from './secrets/imports/secret-import-store.ts'
import { createSecretImportStorePostgres } from './secrets/imports/secret-import-store-postgres.ts'
import { createReadSecrets } from './secrets/read-secrets.ts'
import { registerSecretChangeRoutes } from './secrets/secret-change-routes.ts'
import { registerSecretReadRoutes } from './secrets/secret-read-routes.ts'
import type { FolderPlace, SecretStore } from './secrets/secret-store.ts'
import { createSecretStorePostgres } from './secrets/secret-store-postgres.ts'

export interface SecretStores {
  secrets: SecretStore
  folders: FolderStore
  secretImports: SecretImportStore
}

export function createSecretStores(kysely: Kysely<Schema>): SecretStores {
  return {
    secrets: createSecretStorePostgres(kysely),
    folders: createFolderStorePostgres(kysely),
    secretImports: createSecretImportStorePostgres(kysely),
  }
}

export interface SecretsOptions {
  authenticate: Authenticate
  access: ProjectAccess
  stores: SecretStores
  keyring: Keyring
  /** The keyring is one that reads by the change's own connection. */
  commit: Commit<SecretStores & { secretKeyring: Keyring; audit: ChangeAudit }>
  auditLog: AuditLog
  now: () => Date
  elapsed: () => number
}

/** Secrets, and the folders and imports that they are in, with their routes. */
export function openSecrets(server: HttpServer, options: SecretsOptions): void {
  const { authenticate, access, stores, keyring, commit, auditLog, now, elapsed } = options
  openFolders(server, options)
  const findFolder = askTogether((places: readonly FolderPlace[]) => stores.secrets.findFolders(places))
  const reading = {
    access,
    store: { ...stores.secrets, findFolder },
    folders: stores.folders,
    imports: stores.secretImports,
    folderSecrets: createFolderSecretsReader({ store: stores.secrets, elapsedMs: elapsed }),
    keyring,
  }
  registerSecretReadRoutes(server, {
    authenticate,
    readSecrets: createReadSecrets(reading),
    lists: createListReplies({ ...reading, kept: createKeptReplies() }),
  })
  registerSecretChangeRoutes(server, {
    authenticate,
    changeSecrets: createChangeSecrets({ access, commit, auditLog, now }),
  })
}
