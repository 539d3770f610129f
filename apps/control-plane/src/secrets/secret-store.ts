/** A secret as it is stored, its values sealed. */
export interface StoredSecret {
  readonly id: string
  readonly projectId: string
  readonly folderId: string
  readonly key: string
  /** From 1 on. */
  readonly version: number
  readonly content: SealedContent
  readonly createdAt: Date
  /** When this version was written. */
  readonly updatedAt: Date
}

/** What a version of a secret holds. */
export interface SealedContent {
  readonly value: Buffer
  /** Null: no comment. */
  readonly comment: Buffer | null
  /** An entry without a value has it among the hidden ones. */
  readonly metadata: readonly SealedMetadataEntry[]
  /** JSON of the values of those entries, by key; null: there are none. */
  readonly hiddenMetadata: Buffer | null
  readonly skipMultilineEncoding: boolean | null
  readonly reminderRepeatDays: number | null
  readonly reminderNote: string | null
  readonly changedBy: ChangedBy
}

export interface SealedMetadataEntry {
  readonly key: string
  readonly value?: string | undefined
}

/** Who wrote a version, by the name that they had then. */
export interface ChangedBy {
  readonly kind: string
  readonly id: string | null
  readonly name: string | null
}

export interface NewSecret {
  readonly id: string
  readonly projectId: string
  readonly folderId: string
  readonly key: string
  readonly content: SealedContent
}

/** Names of folders, from the root of an environment. */
export interface FolderPlace {
  readonly environmentId: string
  readonly path: readonly string[]
}

export interface FolderState {
  readonly id: string
  /** Grows with each change of the folder's own secrets. */
  readonly revision: number
  readonly hasImports: boolean
}

export interface StoredContents {
  readonly revision: number
  /** By key. */
  readonly secrets: readonly StoredSecret[]
}

/** Where a secret is that was asked for by its id. */
export interface LocatedSecret {
  readonly secret: StoredSecret
  readonly environmentId: string
  readonly path: readonly string[]
}

export interface SecretStore {
  /** One answer for each place, in their order; undefined: there is no folder. */
  findFolders(places: readonly FolderPlace[]): Promise<readonly (FolderState | undefined)[]>
  statesOf(folderIds: readonly string[]): Promise<readonly FolderState[]>
  /** With the revision that they were read at. 'too-much' where they hold more together than the limits say. */
  contentsOf(
    folderIds: readonly string[],
    limits: { secretsPerReply: number; bytesPerReply: number },
  ): Promise<ReadonlyMap<string, StoredContents> | 'too-much'>
  findByKey(folderId: string, key: string): Promise<StoredSecret | undefined>
  locate(secretId: string): Promise<LocatedSecret | undefined>
  /** The present one or an earlier one. */
  findVersion(secretId: string, version: number): Promise<StoredSecret | undefined>
  /** The newest first. */
  listVersions(secretId: string, page: { offset: number; limit: number }): Promise<readonly StoredSecret[]>
  countVersions(secretId: string): Promise<number>

  /**
   * For a change: no other change of the folder's secrets until the end of this one, and a new revision.
   * Undefined: the folder is gone.
   */
  lockFolder(folderId: string): Promise<{ secretCount: number; valueBytes: number } | undefined>
  insert(secret: NewSecret): Promise<StoredSecret>
  /** The present becomes an earlier version; of those, the oldest beyond the limit go. */
  replace(
    before: StoredSecret,
    next: { key: string; content: SealedContent },
    earlierVersionsMax: number,
  ): Promise<StoredSecret>
  delete(secretId: string): Promise<void>
}
