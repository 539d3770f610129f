/** The secrets of one folder as part of another's. Named by path, so the source may come to be later, or go. */
export interface SecretImport {
  id: string
  projectId: string
  /** The folder that imports. */
  folderId: string
  /** From 1 on, without gaps. */
  position: number
  importedEnvironmentId: string
  /** As `joinPath` spells it. */
  importedPath: string
  isReplication: boolean
  createdAt: Date
  updatedAt: Date
}

export interface NewSecretImport {
  projectId: string
  folderId: string
  importedEnvironmentId: string
  importedPath: string
  isReplication: boolean
}

/** What is absent stays. */
export interface SecretImportChange {
  importedEnvironmentId?: string | undefined
  importedPath?: string | undefined
  position?: number | undefined
}

export interface SecretImportStore {
  /** Of all these folders, by folder and position. */
  importsOf(folderIds: readonly string[]): Promise<readonly SecretImport[]>
  find(importId: string): Promise<SecretImport | undefined>
  /** Whether there is such an environment. Within a change it stays until the end of it. */
  holdSource(environmentId: string): Promise<boolean>
  /** Behind the others. What follows is for a change that holds the lock of the environment's tree. */
  create(newImport: NewSecretImport): Promise<SecretImport>
  /** The others make room; a position behind the last is the last. Undefined: it is gone. */
  update(importId: string, change: SecretImportChange): Promise<SecretImport | undefined>
  /** The others close the gap. Undefined: it is gone. */
  delete(importId: string): Promise<SecretImport | undefined>
  /** Imports of a folder that got another path, or of one below it, name its new path. How many those were. */
  followRename(rename: {
    environmentId: string
    from: readonly string[]
    to: readonly string[]
  }): Promise<number>
}
