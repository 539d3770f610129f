/** Counts the uses of tokens that may be used a limited number of times. */
export interface AccessTokenUse {
  tokenId: string
  /** At least 1. */
  limit: number
  /** When the presented JWT expires; the count is kept at least until then. */
  expiresAt: Date
}

export interface AccessTokenUseStore {
  /** Counts one use in one atomic statement; false when none was left. */
  use(use: AccessTokenUse): Promise<boolean>
  /** How many uses there were. */
  countOf(tokenId: string): Promise<number>
  /** Keeps the count until `expiresAt` at least, because the token was renewed; says how many uses there were. */
  keepUntil(tokenId: string, expiresAt: Date): Promise<number>
  /** Removes at most `rowsMax` counts of tokens that have expired; says how many. */
  deleteExpired(rowsMax: number): Promise<number>
}
