/** The keys of an organization, by number: the newest encrypts, the earlier ones are kept while something needs them. */
export interface KeyStates {
  readonly newest: number
  /** The oldest first. */
  readonly earlier: readonly { number: number; retiredAt: Date }[]
}

/** Something encrypted, in a row, and the place that it was made for. */
export interface SealedCell {
  readonly column: string
  readonly context: string
  readonly sealed: Buffer
}

export interface StaleRow {
  /** Names the row within its table. */
  readonly key: readonly string[]
  /** Those that are not encrypted under the newest key. */
  readonly cells: readonly SealedCell[]
}

/** A table of which something is encrypted under the keys of organizations. */
export interface SealedTable {
  readonly name: string
  /** The next rows after `after` that hold anything not encrypted under the key of this number. */
  readStale(
    organizationId: string,
    newest: number,
    page: { after: readonly string[] | undefined; limit: number },
  ): Promise<readonly StaleRow[]>
  /** False: it was changed or deleted meanwhile. */
  replace(key: readonly string[], cell: SealedCell, resealed: Buffer): Promise<boolean>
}

export interface KeyRotationStore {
  /** Undefined: there is no such organization. */
  read(organizationId: string): Promise<KeyStates | undefined>
  /** Makes the key the newest; the one before becomes an earlier one. Undefined: there is no such organization. */
  add(organizationId: string, wrappedKey: Buffer): Promise<KeyStates | undefined>
  organizationsWithEarlierKeys(): Promise<readonly string[]>
  /** @returns the numbers of those that were removed: retired before that time */
  removeEarlier(organizationId: string, retiredBefore: Date): Promise<readonly number[]>
  readonly tables: readonly SealedTable[]
}
