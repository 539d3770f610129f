import type { LockoutSettings } from './universal-auth.ts'

/**
 * Wrong client secrets, counted by client id and source: whoever sends them locks out nobody but the own source. A source
 * is what `clientNetworkOf` makes of an address.
 */
export interface LockoutStore {
  /** Counts one wrong secret in one atomic statement; true when the source is locked out from now on. */
  recordFailure(universalAuthId: string, source: string, settings: LockoutSettings): Promise<boolean>
  /** Ends every lockout and count of the client id; says how many sources were locked out. */
  clear(universalAuthId: string): Promise<number>
  /** Removes at most `rowsMax` rows that no longer say anything; says how many. */
  deleteExpired(rowsMax: number): Promise<number>
}
