/** A folder of one environment. The root of an environment has no name and no parent; it is made on first use. */
export interface Folder {
  id: string
  projectId: string
  environmentId: string
  parentId: string | null
  name: string
  description: string | null
  createdAt: Date
  updatedAt: Date
  /** When a secret in it was last written; null: there is none. */
  lastSecretModified: Date | null
}

export interface FolderPlace {
  environmentId: string
  /** Names from the root; empty: the root itself. */
  path: readonly string[]
}

export interface FolderAt {
  id: string
  /** From the folder that was asked about; empty for that folder itself. */
  path: readonly string[]
}

export interface LocatedFolder extends Folder {
  /** From the root of its environment. */
  path: readonly string[]
}

/** What goes with a folder: itself first, then all below it; what is in each. */
export interface FolderContents {
  folders: readonly FolderAt[]
  secrets: readonly { folderId: string; key: string }[]
  imports: readonly { folderId: string }[]
}

export interface NewFolder {
  projectId: string
  environmentId: string
  parentId: string
  name: string
  description: string | null
}

export interface FolderStore {
  findFolder(place: FolderPlace): Promise<Folder | undefined>
  /** By its id alone; the caller must then enter its project. */
  locate(folderId: string): Promise<LocatedFolder | undefined>
  /** Directly in it, by name. */
  childrenOf(folderId: string): Promise<readonly Folder[]>
  /** The folder itself and all below it, parents before children, by name. */
  listBelow(from: { folderId: string; depthMax: number }): Promise<readonly FolderAt[]>
  find(folderIds: readonly string[]): Promise<readonly Folder[]>
  /**
   * Makes the root unless it is there already; undefined when there is no such environment. Within a change the root
   * stays locked until the end of it: changes of the tree of one environment come one after the other.
   */
  lockRoot(environmentId: string): Promise<Folder | undefined>
  /** The same without the lock: for whoever writes secrets. */
  ensureRoot(environmentId: string): Promise<Folder | undefined>
  /** Within a change, under the lock of the root: until its end nobody writes secrets into the folder or below it. */
  lockBelow(folderId: string): Promise<void>
  /** At most `rowsMax` of each kind. */
  contentsOf(folderId: string, rowsMax: number): Promise<FolderContents>
  countOf(environmentId: string): Promise<number>
  create(folder: NewFolder): Promise<Folder>
  /** Undefined: it is gone. A name that is taken is the caller's to find out before, under the lock. */
  update(
    folderId: string,
    change: { name: string; description?: string | null | undefined },
  ): Promise<Folder | undefined>
  /** With all below it; how many folders that were is the caller's to know. */
  delete(folderId: string): Promise<void>
}
