/** Times are whole milliseconds. Reaches what was created at or before `revokedAtMs`; a `token` marker reaches the token whenever it was created. */
export type RevocationMarker = { revokedAtMs: number; expiresAtMs: number } & RevocationSubject

export type RevocationSubject =
  | { scope: 'token'; tokenId: string }
  | { scope: 'identity'; identityId: string }
  | { scope: 'auth-method'; identityId: string; authMethod: string }
  | { scope: 'client-secret'; clientSecretId: string }
  | { scope: 'organization'; organizationId: string }

export interface RevocationStore {
  /** Stamped with the database's clock, which it returns. `lifetimeSeconds`: how long the marker is needed. */
  add(subject: RevocationSubject, lifetimeSeconds: number): Promise<{ databaseMs: number }>

  /** Where a reader that has seen everything visible now resumes from. */
  position(): Promise<RevocationPosition>

  /**
   * Every marker that became visible after the position was taken, and perhaps some that were visible before. None is
   * ever missed, in whatever order the adding transactions commit.
   */
  readSince(
    position: string,
    signal?: AbortSignal,
  ): Promise<RevocationPosition & { markers: RevocationMarker[] }>

  /** Those that have not expired, ascending by row. Undefined cursor: from the start, and none left, respectively. */
  readPage(cursor: number | undefined): Promise<{ markers: RevocationMarker[]; cursor: number | undefined }>

  /** Removes at most `rowsMax` markers that have expired; says how many. */
  deleteExpired(rowsMax: number): Promise<number>
}

export interface RevocationPosition {
  position: string
  /** The database's clock at the time, milliseconds since the epoch with fractions. */
  databaseMs: number
}
